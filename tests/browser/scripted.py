"""A login page that truly needs JavaScript: it asks step by step, and sends a proof of it."""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idprobe.login.forms.totp import one_time_code
from idprobe_reference.endpoints.authorization import Transaction
from idprobe_reference.endpoints.replies import csp_hash, page_reply
from idprobe_reference.faults import PageFault
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Session

SECRET = "JBSWY3DPEHPK3PXP"
SCRIPT = """
const app = document.getElementById('app');
const told = JSON.parse(app.dataset.told);
const typed = { transaction: told.transaction, csrf_token: told.csrf_token, action: 'login' };
const hex = (octets) =>
  Array.from(new Uint8Array(octets)).map((one) => one.toString(16).padStart(2, '0')).join('');
const finish = async () => {
  const text = new TextEncoder().encode(told.transaction + typed.password);
  typed.proof = hex(await crypto.subtle.digest('SHA-256', text));
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action: told.action });
  for (const [name, value] of Object.entries(typed)) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  }
  document.body.append(form);
  form.submit();
};
const ask = (label, attributes, next) => {
  const input = Object.assign(document.createElement('input'), attributes);
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', disabled: true, textContent: 'Next' });
  input.addEventListener('input', () => { button.disabled = !input.value; });
  button.addEventListener('click', (event) => { if (event.isTrusted) next(input.value); });
  const words = document.createElement('label');
  words.append(label, input);
  app.replaceChildren(words, button);
};
const askCode = () => ask('Code', { autocomplete: 'one-time-code' }, (value) => {
  typed.code = value;
  finish();
});
const askPassword = () => ask('Password', { type: 'password' }, (value) => {
  typed.password = value;
  if (told.second) askCode(); else finish();
});
setTimeout(() => ask('User name', { autocomplete: 'username' }, async (value) => {
  typed.username = value;
  app.replaceChildren('Wait');
  const answer = await fetch(told.known + '?user=' + encodeURIComponent(value));
  if ((await answer.json()).go) askPassword(); else app.replaceChildren('Nobody of that name');
}), 300);
"""


class ScriptedLogin(ReferenceServer):
    """A login page that is empty until its script has run, and a login that wants a proof of it."""

    second_factor = False

    def routes(self) -> dict[str, Mapping[str, Any]]:
        return {**super().routes(), "/known": {"GET": self.known}}

    async def known(self, request: Request) -> Response:
        return JSONResponse({"go": request.query_params.get("user") in self.users})

    def login_page(
        self,
        transaction: Transaction,
        message: str = "",
        status: int = 200,
        username: str | None = None,
    ) -> Response:
        del username
        told = {
            "transaction": transaction.key,
            "csrf_token": transaction.csrf_token,
            "action": self.url("/login"),
            "known": self.url("/known"),
            "second": self.second_factor,
        }
        shown = json.dumps(told).replace("&", "&amp;").replace('"', "&quot;")
        html = (
            f'<!doctype html><html lang="en"><title>Log in</title><p role="alert">{message}</p>'
            f'<main id="app" data-told="{shown}"></main><script>{SCRIPT}</script></html>'
        )
        headers = self.page_headers(script=csp_hash(SCRIPT), form_action="")
        policy = headers["Content-Security-Policy"] + "; connect-src 'self'"
        return page_reply(html, status, {**headers, "Content-Security-Policy": policy})

    async def submitted(self, request: Request) -> tuple[Any, Transaction, Session]:
        form, transaction, session = await super().submitted(request)
        if request.url.path == "/login":
            text = transaction.key + form.get("password", "")
            if form.get("proof") != hashlib.sha256(text.encode()).hexdigest():
                raise PageFault("This form was not sent by our page.", status=403)
            codes = {one_time_code(SECRET, time.time() - ago_s) for ago_s in (0, 30)}
            if self.second_factor and form.get("code") not in codes:
                raise PageFault("The code is wrong.", status=403)
        return form, transaction, session


class SecondFactor(ScriptedLogin):
    """Asks for a one-time code too."""

    second_factor = True
