"""The packaged template, deployed to the emulator and called through its API Gateway.

AWS is the contract. The emulator differs from AWS in these points, and the named files make up for it:

- It makes no alarms of several metrics, imports no gateway responses from an API's definition, and has no
  FlushStageAuthorizersCache: ``tests/support/gateway_gaps.py`` and ``caching.py``.
- It takes an authorizer's identity source of the context for missing, and believes ``X-Forwarded-For``.
  ``gateway_gaps.py`` removes that source. Tests about addresses run against our own gateway:
  ``tests/infra/test_local_authorizers.py`` and ``tests/e2e/test_http_addresses.py``.
- It ends a function's process with each exception, so the call after a refusal is a cold one.
  Lambda keeps the process. Times under load therefore say nothing about Lambda.
- An authorizer that cannot start, or that fails without "Unauthorized", is AUTHORIZER_FAILURE or
  AUTHORIZER_CONFIGURATION_ERROR there as on AWS, and here both answer 503.
- If the function of the API or the page cannot start, or crashes, the emulator sends a plain 502 that
  quotes the error. AWS sends DEFAULT_5XX, which quotes nothing: ``tests/packaging/test_gateway.py``.
- A function's ``WWW-Authenticate`` comes through, which API Gateway renames.
- It checks neither the policies of roles nor those of keys. ``tests/iam`` compares policies with calls.
- Functions find the emulator's own packages behind those of the zip. ``test_zip.py`` leaves them out.
"""
