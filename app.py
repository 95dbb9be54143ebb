"""The Chalice app: registers what belongs to it; nothing else."""

from chalice.app import Chalice

from chalicelib.handlers.deployed import authorizer, flushes, front_doors
from chalicelib.handlers.documents import documents
from chalicelib.handlers.exposed import exposed
from chalicelib.handlers.oauth import oauth
from chalicelib.handlers.page import web
from chalicelib.handlers.request_ids import with_request_id
from chalicelib.handlers.response_headers import with_security_headers
from chalicelib.handlers.sample_api import sample_api
from chalicelib.handlers.self_service import self_service
from chalicelib.handlers.tokens import tokens
from chalicelib.handlers.users import users
from chalicelib.handlers.well_known import well_known

app = Chalice(app_name="bodhi-api-tokens")
app.register_middleware(with_request_id, "http")
app.register_middleware(with_security_headers, "http")
for blueprint in (
    authorizer,
    documents,
    flushes,
    front_doors,
    sample_api,
    tokens,
    self_service,
    exposed,
    users,
    oauth,
    well_known,
    web,
):
    app.register_blueprint(blueprint)
