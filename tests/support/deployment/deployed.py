"""A packaged stage on the emulator: made by CloudFormation, reached through its API Gateway.

The emulator runs each function as a process of its own from the zip that was uploaded, calls the
authorizer before what it guards, and hands the mail queue's messages to the worker. What it leaves
out of a template is done by hand here, as `make_whole` says.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.package.template import functions
from infra.stack.resources import tables as table_properties
from infra.stack.resources import ttl_attributes
from infra.stack.stages import Stage, read_stage
from tests.support.http import Browser, Program, over_sockets
from tests.support.patience import PATIENCE
from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.package.build import Package
    from tests.support.http import Reply
    from tests.support.servers.engines import Engine

STAGE: Stage = read_stage("prod")
ORIGIN = "https://auth.hub.test"
SENDER = "no-reply@hub.test"

_BUCKET = "packages"
_ARCHIVE = f"s3://{_BUCKET}/deployment.zip"
_FUNCTION = re.compile(rb"^AWS_LAMBDA_FUNCTION_NAME=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Deployed:
    """A stage that stands; people and programs reach it by its public address."""

    engine: Engine
    api_id: str
    origin: str = ORIGIN

    def browser(self) -> Browser:
        """Give a browser without JavaScript that was never here before."""
        return Browser(self.send, self.origin)

    def program(self) -> Program:
        """Give a program that was never here before."""
        return Program(self.send)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Call through API Gateway, as its custom domain maps the root to the stage."""
        path = f"/_aws/execute-api/{self.api_id}/api{target}"
        return over_sockets(self._endpoint)(method, path, headers, body)

    def mails_to(self, address: str) -> list[str]:
        """Give the texts of the mails to an address, oldest first."""
        answer = over_sockets(self._endpoint)("GET", "/_ministack/ses/messages", {}, b"")
        sent = [mail for mails in answer.json["messages"].values() for mail in mails]
        return [mail["BodyText"] for mail in sent if mail["To"] == [address]]

    def await_link(self, address: str, page: str) -> str:
        """Wait for the worker to send a link to a page, and give the newest."""
        pattern = rf"^{re.escape(self.origin)}/{page}\?token=[\w-]+\r?$"
        end = time.monotonic() + PATIENCE
        while not (links := re.findall(pattern, "\n".join(self.mails_to(address)), re.MULTILINE)):
            assert time.monotonic() < end, f"no link to /{page} reached {address}"
            time.sleep(0.05)
        return str(links[-1]).rstrip()

    def peak_megabytes(self) -> dict[str, int]:
        """Give the most memory that each function's process has had so far, Python included."""
        # Other emulators on this machine run functions of the same names.
        own = f"AWS_ENDPOINT_URL={self._endpoint}".encode()
        peaks: dict[str, int] = {}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environ = (process / "environ").read_bytes().split(b"\0")
                status = (process / "status").read_text()
                for name in _FUNCTION.findall(b"\n".join(environ)):
                    if own in environ:
                        (kilobytes,) = re.findall(r"VmHWM:\s+(\d+)", status)
                        known = peaks.get(name.decode(), 0)
                        peaks[name.decode()] = max(known, int(kilobytes) // 1024)
        return peaks

    @property
    def _endpoint(self) -> str:
        assert self.engine.endpoint is not None
        return self.engine.endpoint


def deploy(engine: Engine, package: Package, secrets: Mapping[str, str]) -> Deployed:
    """Keep the secrets, upload the package and create its stack, as a pipeline would."""
    parameters = engine.client("ssm")
    for name, value in secrets.items():
        parameters.put_parameter(
            Name=f"{STAGE.secrets_path}/{name}", Value=value, Type="SecureString"
        )
    store = engine.client("s3")
    store.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    store.put_object(Bucket=_BUCKET, Key="deployment.zip", Body=package.archive.read_bytes())
    store.put_object(Bucket=_BUCKET, Key="template.json", Body=_uploaded(package))
    topic = engine.client("sns").create_topic(Name="operators")["TopicArn"]
    cloudformation = engine.client("cloudformation")
    cloudformation.create_stack(
        StackName=STAGE.stack,
        TemplateURL=f"{engine.endpoint}/{_BUCKET}/template.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=_parameters(PublicUrl=ORIGIN, MailFrom=SENDER, AlarmTopicArn=topic),
    )
    outputs = _outputs(cloudformation)
    engine.client("ses").verify_email_identity(EmailAddress=SENDER)
    return Deployed(engine, outputs["RestAPIId"])


def make_whole(stage: Deployed, package: Package) -> None:
    """Do what the template says and the emulator ignores there: TTL, PITR, SSE, gateway responses.

    The tests of the template hold that it says so; AWS does all of it from the template.
    """
    settle_tables(stage.engine.client("dynamodb"))
    gateway = stage.engine.client("apigateway")
    template = json.loads(package.template.read_text())
    definition = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    for name, answer in definition["x-amazon-apigateway-gateway-responses"].items():
        gateway.put_gateway_response(
            restApiId=stage.api_id,
            responseType=name,
            **({"statusCode": answer["statusCode"]} if "statusCode" in answer else {}),
            responseParameters=answer["responseParameters"],
            responseTemplates=answer["responseTemplates"],
        )
    gateway.create_deployment(restApiId=stage.api_id, stageName="api")


def settle_tables(dynamodb: Any) -> None:
    """Give every table what the emulator leaves out of a template."""
    for name, attribute in ttl_attributes(STAGE.prefix).items():
        dynamodb.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"AttributeName": attribute, "Enabled": True},
        )
    for name, table in zip(STAGE.tables, table_properties(), strict=True):
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification=table["PointInTimeRecoverySpecification"],
        )
        encrypted = table["SSESpecification"]["SSEEnabled"]
        dynamodb.update_table(TableName=name, SSESpecification={"Enabled": encrypted})


def _parameters(**values: str) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def _uploaded(package: Package) -> bytes:
    template = json.loads(package.template.read_text())
    for function in functions(template).values():
        function["Properties"]["CodeUri"] = _ARCHIVE
    return json.dumps(template).encode()


def _outputs(cloudformation: Any) -> dict[str, str]:
    end = time.monotonic() + PATIENCE
    while True:
        (stack,) = cloudformation.describe_stacks(StackName=STAGE.stack)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        assert time.monotonic() < end, "the stack isn't ready"
        time.sleep(0.05)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
