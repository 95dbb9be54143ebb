"""The table and its stores.

Rows by partition key and sort key:
``U#<user>`` has the user (``#``), tokens (``T#<token>``) and lines (``N#<line>``).
It also has idempotency records (``I#<hash>``) and ended generations (``G#<generation>``).
``R#<day>`` in it counts the re-activations of a day.
``I#<id>`` leads an identity to a moved user.
``KEYS`` and ``ACCESS_TOKEN_KEYS`` have the head of a ring (``#``) and its public keys (``<kid>``).
``L#<hash>`` is a sign-in under way, ``S#<hash>`` a session, and ``A#<hash>`` a used client assertion.
``FLUSHES`` has the budget of flushes (``budget``), and ``SWEEP`` the checkpoint of the sweep (``#``).
``J#<job>`` has a job that revokes many tokens (``#``), and the ids that it names (``IDS``).

Two indexes give keys alone. ``users`` lists all users. ``by_key`` has generic keys (``by_pk``, ``by_sk``).
A token has ``T#<end of its id>`` and ``#`` there, so its owner is found by the id of the token.
A running job has ``JOBS`` and the time of its beginning there, so that the sweep finds it.
"""
