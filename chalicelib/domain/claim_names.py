"""Names of claims that must not identify a person or make an administrator."""

SAME_FOR_ALL = frozenset(
    {
        *("iss", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "typ", "token_use", "ver", "sid"),
        *("auth_time", "acr", "amr", "at_hash", "c_hash", "email_verified"),
        *("client_id", "cid", "appid", "tid", "gty", "idtyp"),
    }
)
"""Claims about the JWT, the client or the tenant. They can be equal for all people."""

SCOPES = frozenset({"scope", "scp"})
"""Claims that hold scopes (RFC 9068 section 2.2.3; Okta and Microsoft Entra)."""

REASSIGNED = frozenset(
    {
        *("email", "upn", "preferred_username", "unique_name", "username", "cognito:username"),
        *("name", "nickname", "given_name", "family_name", "middle_name", "commonname"),
        *("phone_number", "winaccountname", "verified_primary_email"),
    }
)
"""Names and addresses, which may later belong to another person (OpenID Connect Core section 5.7)."""
