"""The words by which people who design login and consent pages say what a button does.

Words count alone, stems also inside a longer word; in stems `_` stands for a space.
"""

from collections.abc import Iterable
from typing import Final

__all__ = [
    "APPROVING_STEMS",
    "APPROVING_WORDS",
    "ASIDE_STEMS",
    "CODE_STEMS",
    "DENYING_STEMS",
    "DENYING_WORDS",
    "LOGIN_STEMS",
    "SCOPE_STEMS",
    "USER_STEMS",
    "has_stem",
]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


APPROVING_WORDS: Final = frozenset(
    _listed("ok okay yes true ja oui si sì sim da agree grant hai tak 是 はい 예 да")
)
APPROVING_STEMS: Final = _listed(
    """
    allow accept authoriz authoris approv consent confirm continu permit proceed
    erlaub zulass akzeptier zustimm bestätig fortfahr weiter einwillig
    autoris accord autoriz permitir acept aceit consenti accett conferma permet
    toestaan akkoord doorgaan goedkeur zezw akcept zgadzam godkän tillåt tillat fortsæt fortset
    разреш принять продолж соглас izin kabul onayla
    允许 允許 同意 授权 授權 继续 許可 承認 続行 허용 동의 계속
    """
)
DENYING_WORDS: Final = frozenset(_listed("no false nein non nie nee nega not нет 否 いいえ 아니요"))
DENYING_STEMS: Final = _listed(
    """
    deny denied decline reject refus disallow abort cancel disagree dont_allow don't
    ablehn abbrech verweiger verbiet annul rechaz deneg rifiut recus negar weiger
    odmów odrzuć anuluj neka avbryt nekt avvis afvis откл отмен запрет reddet iptal vazgeç
    拒绝 拒絕 取消 拒否 キャンセル 거부 취소
    """
)
ASIDE_STEMS: Final = _listed(
    """
    forgot reset register sign_up signup create back switch another different
    log_out logout sign_out signout resend passkey webauthn google facebook github apple microsoft
    search language locale help vergessen registrier zurück oublié inscri olvid
    """
)
LOGIN_STEMS: Final = _listed("login log_in log-in signin sign_in sign-in anmeld einlog connexion")
USER_STEMS: Final = _listed(
    """
    username user_name userid user_id loginfmt identifier account benutzer utilisateur usuario
    email e-mail mail login user
    """
)
CODE_STEMS: Final = _listed(
    "one-time one_time otp mfa 2fa twofactor two_factor passcode verification code"
)
SCOPE_STEMS: Final = _listed("scope permission claim consent")


def has_stem(text: str, stems: Iterable[str]) -> bool:
    """Return whether one of the stems is in the text, in any case."""
    joined = text.lower().replace(" ", "_")
    return any(stem in joined for stem in stems)
