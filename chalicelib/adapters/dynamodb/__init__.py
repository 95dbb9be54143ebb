"""The table.

``U#<user>`` / ``#`` the user, ``T#<token>`` a token, ``I#<hash>`` an idempotency record,
``G#<generation>`` the record of an ended generation; ``KEYS`` / ``<kid>`` a public key;
``A#<hash>`` / ``#`` a client assertion that was used.
"""
