"""Spellings of an ``Authorization: Bearer`` header. ``{t}`` is the place of the credential."""

# The validation expression that docs/attach.md gives to TOKEN authorizers. API Gateway invokes them only if
# the whole header matches. HTTP allows any case of the scheme, white space around the header, and several
# spaces after the scheme (RFC 9110 sections 5.5, 11.1 and 11.6.2).
TOKEN_HEADER = (
    r"[ \t]*[Bb][Ee][Aa][Rr][Ee][Rr] +bodhi_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw][ \t]*"
)

# Each has the same credential (RFC 9110 sections 5.5, 11.1 and 11.6.2).
SAME_CREDENTIAL = (
    "Bearer {t}",
    "bearer {t}",
    "BEARER {t}",
    "bEaReR {t}",
    "Bearer  {t}",
    "Bearer          {t}",
    "Bearer {t} ",
    "Bearer {t}\t",
    " Bearer {t}",
    "\tBearer {t}",
    " \t Bearer   {t} \t ",
)

# None of these has exactly one bearer credential.
NOT_ONE_CREDENTIAL = (
    "Bearer\t{t}",
    "Bearer \t{t}",
    "Bearer{t}",
    "Bearer: {t}",
    "Bearer={t}",
    "Bearer {t} x",
    "Bearer x {t}",
    "Bearer {t} {t}",
    "Bearer {t},{t}",
    "Bearer {t}, Bearer {t}",
    "Bearer {t};",
    'Bearer "{t}"',
    "Bearer Bearer {t}",
    "Bearer {t} realm=x",
    "Bearer {t}\xa0",
    "Bearer\xa0{t}",
    "Bearer \xa0{t}",
    "\xa0Bearer {t}",
    "Bearer {t}\x0b",
    "Bearer {t}\u200b",
    "Bearer {t}\n",
    "\nBearer {t}",
    "Bearer {t}\x00",
)
