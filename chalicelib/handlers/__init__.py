"""The only rooms that know Chalice: parse, call, render.

Every function that is deployed begins by importing a module of this room, so the service starts here.
"""

from chalicelib import bootstrap

bootstrap.start()
