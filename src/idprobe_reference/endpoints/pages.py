"""The pages that a person sees: plain forms that work without JavaScript."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined

from idprobe_reference.endpoints.replies import csp_hash
from idprobe_reference.settings import ClientConfig

__all__ = ["FRAME_SOURCE", "STYLE_SOURCE", "SUBMIT_SOURCE", "ConsentView", "render"]

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem}"
    "label,input,button{display:block;width:100%;box-sizing:border-box}"
    "input,button{padding:.5rem;margin:.25rem 0 .75rem;font:inherit}"
    "[role=alert]{color:#a00}"
)
_SUBMIT: Final = "document.forms[0].submit()"
_FRAME: Final = """
const name = document.querySelector('meta[name=cookie]').content;
addEventListener('message', async (event) => {
  if (event.origin === 'null' || !event.source) return;
  const parts = typeof event.data === 'string' ? event.data.split(' ') : [];
  const salt = parts.length === 2 ? parts[1].split('.')[1] : undefined;
  let answer = 'error';
  if (parts[0] && salt) {
    const found = document.cookie.split('; ').find((one) => one.startsWith(name + '='));
    const state = found ? found.slice(name.length + 1) : '';
    const text = [parts[0], event.origin, state, salt].join(' ');
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    const octets = Array.from(new Uint8Array(digest));
    const hash = octets.map((octet) => octet.toString(16).padStart(2, '0')).join('');
    answer = hash + '.' + salt === parts[1] ? 'unchanged' : 'changed';
  }
  event.source.postMessage(answer, event.origin);
});
"""
FRAME_SOURCE: Final = csp_hash(_FRAME)
STYLE_SOURCE: Final = csp_hash(_STYLE)
SUBMIT_SOURCE: Final = csp_hash(_SUBMIT)

_TEMPLATES: Final = {
    "frame": """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{% block title %}{% endblock %}</title>
<meta name="viewport" content="width=device-width"><style>{{ style|safe }}</style></head>
<body><main>{% block main %}{% endblock %}</main></body></html>
""",
    "login": """{% extends "frame" %}{% block title %}Log in{% endblock %}{% block main %}
<h1>Log in</h1>
<p>to go on to {{ client.name }}</p>
{% if message %}<p role="alert">{{ message }}</p>{% endif %}
<form method="post" action="{{ action }}">
<input type="hidden" name="transaction" value="{{ transaction }}">
<input type="hidden" name="csrf_token" value="{{ csrf_token }}">
<label for="username">User name</label>
<input id="username" name="username" value="{{ username }}" autocomplete="username" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit" name="action" value="login">Log in</button>
<button type="submit" name="action" value="cancel" formnovalidate>Cancel</button>
</form>{% endblock %}""",
    "signup": """{% extends "frame" %}
{% block title %}Create an account{% endblock %}{% block main %}
<h1>Create an account</h1>
<p>to go on to {{ client.name }}</p>
{% if message %}<p role="alert">{{ message }}</p>{% endif %}
<form method="post" action="{{ action }}">
<input type="hidden" name="transaction" value="{{ transaction }}">
<input type="hidden" name="csrf_token" value="{{ csrf_token }}">
<label for="username">User name</label>
<input id="username" name="username" value="{{ username }}" autocomplete="username" required>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required>
<button type="submit" name="action" value="create">Create account</button>
</form>{% endblock %}""",
    "session": """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Session</title>
<meta name="cookie" content="{{ cookie }}"></head>
<body><script>{{ frame_script|safe }}</script></body></html>
""",
    "consent": """{% extends "frame" %}{% block title %}Consent{% endblock %}{% block main %}
<h1>{{ client.name }} asks for access</h1>
{% if view.logo_uri %}<p><img src="{{ view.logo_uri }}" alt="" width="64"></p>{% endif %}
<p>You are logged in as {{ username }}.</p>
{% if view.insecure %}<p role="alert">The answer goes to {{ view.destination }} in the clear: others
may read it on the way.</p>{% else %}<p>The answer goes to {{ view.destination }}.</p>{% endif %}
<ul>{% for line in view.lines %}<li>{{ line }}</li>{% endfor %}</ul>
<p>An access token is good for {{ view.lifetime_s }} seconds.</p>
{% if view.offline %}<p>The access lasts, also when you are not there, until you take it back.</p>
{% endif %}
{% for label, uri in view.links %}<p><a href="{{ uri }}" rel="noopener noreferrer">{{ label }}</a>
</p>{% endfor %}
<form method="post" action="{{ action }}">
<input type="hidden" name="transaction" value="{{ transaction }}">
<input type="hidden" name="csrf_token" value="{{ csrf_token }}">
<button type="submit" name="decision" value="approve">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>{% endblock %}""",
    "form_post": """{% extends "frame" %}{% block title %}Going on{% endblock %}{% block main %}
<form method="post" action="{{ redirect_uri }}">
{% for name, value in parameters.items() %}
<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
<noscript><button type="submit">Go on</button></noscript>
</form><script>{{ script|safe }}</script>{% endblock %}""",
    "logout": """{% extends "frame" %}{% block title %}Log out{% endblock %}{% block main %}
<h1>Log out</h1>
<p>Do you want to log out?</p>
<form method="post" action="{{ action }}">
<input type="hidden" name="logout" value="{{ transaction }}">
<input type="hidden" name="csrf_token" value="{{ csrf_token }}">
<button type="submit" name="decision" value="approve">Log out</button>
<button type="submit" name="decision" value="deny">Stay logged in</button>
</form>{% endblock %}""",
    "farewell": """{% extends "frame" %}{% block title %}Logged out{% endblock %}{% block main %}
<h1>Logged out</h1>
<p role="status">You are logged out.</p>
{% for uri in frames %}<iframe src="{{ uri }}" title="" width="0" height="0"></iframe>{% endfor %}
{% if target %}<p><a href="{{ target }}" rel="noreferrer">Go on</a></p>{% endif %}
{% endblock %}""",
    "notice": """{% extends "frame" %}{% block title %}{{ title }}{% endblock %}{% block main %}
<h1>{{ title }}</h1>
<p role="{{ role }}">{{ message }}</p>{% endblock %}""",
}

_ENVIRONMENT: Final = Environment(
    loader=DictLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
)
_SCOPE_LINES: Final = {
    "openid": "openid: know who you are",
    "profile": "profile: see your name and profile",
    "email": "email: see your e-mail address",
    "address": "address: see your postal address",
    "phone": "phone: see your telephone number",
    "offline_access": "offline_access: keep the access when you are away",
    "api": "api: use the interface for you",
    "api.read": "api.read: read from the interface for you",
    "files": "files: use your files",
    "shared": "shared: see what is shared with you",
}
_LINKS: Final = (
    ("client_uri", "About this client"),
    ("policy_uri", "How it treats your data"),
    ("tos_uri", "Its terms of service"),
)


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What the consent page tells: every scope, how long it lasts, where the answer goes."""

    lines: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    logo_uri: str | None
    destination: str
    insecure: bool
    lifetime_s: int
    offline: bool

    @classmethod
    def of(
        cls,
        client: ClientConfig,
        scope: Sequence[str],
        further: Iterable[str],
        destination: str,
        lifetime_s: int,
    ) -> "ConsentView":
        """Return what `client` has to show when it asks for `scope`, and what else is asked."""
        shown = client.display
        return cls(
            lines=(
                *(_SCOPE_LINES.get(value, value) for value in scope),
                *further,
            ),
            links=tuple((label, str(shown[key])) for key, label in _LINKS if shown.get(key)),
            logo_uri=shown.get("logo_uri"),
            destination=destination,
            insecure=destination.startswith("http://"),
            lifetime_s=lifetime_s,
            offline="offline_access" in scope,
        )


def render(name: str, **values: Any) -> str:
    """Return the page called `name` as HTML, all values escaped."""
    return _ENVIRONMENT.get_template(name).render(
        style=_STYLE, script=_SUBMIT, frame_script=_FRAME, **values
    )
