"""Human steps that are not forms: `manual` is here, a browser will have its seat beside it."""
