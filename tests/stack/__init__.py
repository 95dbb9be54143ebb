"""The packaged template, deployed to the emulator and called through its API Gateway.

AWS is the contract; where the emulator is known to differ, the test says so.
"""
