"""The Chalice app: it starts the service and registers the blueprints."""

from chalice.app import Chalice

from chalicelib import bootstrap
from chalicelib.handlers.chalice_functions import authorizer, events, flushes, front_doors, sweeps
from chalicelib.handlers.docs.routes import documents
from chalicelib.handlers.http.middleware import with_request_id, with_security_headers
from chalicelib.handlers.oauth.endpoints import oauth
from chalicelib.handlers.oauth.well_known import well_known
from chalicelib.handlers.page.routes import web
from chalicelib.handlers.v1.all_tokens import all_tokens
from chalicelib.handlers.v1.events.routes import histories
from chalicelib.handlers.v1.exposed import exposed
from chalicelib.handlers.v1.own_account import own_account
from chalicelib.handlers.v1.revocations.routes import revocations
from chalicelib.handlers.v1.sample_api import sample_api
from chalicelib.handlers.v1.self_service import self_service
from chalicelib.handlers.v1.summaries.routes import summaries
from chalicelib.handlers.v1.tokens import tokens
from chalicelib.handlers.v1.users import users
from chalicelib.handlers.v1.users_tokens import users_tokens

bootstrap.start()

app = Chalice(app_name="bodhi-api-tokens")
app.register_middleware(with_request_id, "http")
app.register_middleware(with_security_headers, "http")
for blueprint in (
    authorizer,
    documents,
    events,
    flushes,
    front_doors,
    sample_api,
    own_account,
    tokens,
    summaries,
    self_service,
    sweeps,
    exposed,
    users,
    users_tokens,
    all_tokens,
    revocations,
    histories,
    oauth,
    well_known,
    web,
):
    app.register_blueprint(blueprint)
