"""Names of claims that must not identify a person or make an administrator."""

SAME_FOR_ALL = frozenset(
    {
        *("iss", "aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "typ", "token_use", "ver", "sid"),
        *("auth_time", "acr", "amr", "at_hash", "c_hash", "email_verified"),
        *("client_id", "cid", "appid", "tid", "hd", "gty", "idtyp", "_claim_names", "_claim_sources"),
        *("locale", "zoneinfo", "gender", "birthdate", "updated_at", "phone_number_verified"),
    }
)
"""Claims about the JWT, the client, the tenant or the profile, which many people's JWTs have alike."""

REASSIGNED = frozenset(
    {
        *("email", "upn", "preferred_username", "unique_name", "username", "cognito:username"),
        *("name", "nickname", "given_name", "family_name", "middle_name", "commonname"),
        *("phone_number", "winaccountname", "verified_primary_email", "mail", "emails"),
        *("user_name", "login", "userprincipalname", "samaccountname"),
    }
)
"""Names and addresses, which pass to other people one day (OpenID Connect Core section 5.7). Lower case."""
