"""The packaged template, deployed to the emulator and called through its API Gateway.

AWS is the contract. What the emulator does otherwise, and who makes up for it:

- It makes no alarms of several metrics, imports no gateway responses from an API's definition, and has no
  FlushStageAuthorizersCache: ``tests/support/gateway_gaps.py`` and ``caching.py``.
- It ends a function's process with each exception, so a refusal makes the next call a cold one; Lambda
  keeps the process. Times under load are therefore no measure of Lambda's.
- An authorizer that cannot start, or that fails without "Unauthorized", is AUTHORIZER_FAILURE or
  AUTHORIZER_CONFIGURATION_ERROR there as on AWS, and here both answer 503.
- The API's or the page's function that cannot start, or crashes, is a plain 502 there, which quotes the
  error; AWS answers with DEFAULT_5XX, which quotes nothing: ``tests/packaging/test_gateway.py``.
- A function's ``WWW-Authenticate`` comes through, which API Gateway renames.
- It checks no role's policy and no key's; ``tests/iam`` holds policies to calls.
- Functions run with the emulator's own packages behind the zip's: ``test_zip.py`` starts them without.
"""
