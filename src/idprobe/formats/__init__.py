"""Reading and writing formats that others define: JSON, JOSE, HTTP dates, JSON Schema."""
