"""Terminus Hub authentication: the two lists of blueprints, put together."""

from __future__ import annotations

from chalice import Chalice

from chalicelib.jobs.blueprints import BLUEPRINTS as JOBS
from chalicelib.web.blueprints import BLUEPRINTS as ROUTES
from chalicelib.web.kit.headers import finish_answer
from chalicelib.web.kit.routing.other_methods import refuse_other_methods

app = Chalice(app_name="terminus-hub-auth", configure_logs=False)

for blueprint in (*ROUTES, *JOBS):
    app.register_blueprint(blueprint)

app.register_middleware(finish_answer, "http")
refuse_other_methods(app)
