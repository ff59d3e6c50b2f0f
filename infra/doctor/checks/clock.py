"""Checks this machine's clock: AWS refuses requests that are signed at a wrong time."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.doctor.findings import UncheckedError

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

# AWS refuses a signature that is five minutes old or early; a drifting clock shows before that.
_MOST = timedelta(minutes=1)
_TOO_FAR = ("RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch")


def check(examined: ExaminedStage) -> Checking:
    """Compare with the Date of an answer, which is exact to a second."""
    try:
        answer = examined.client("sts").get_caller_identity()
    except ClientError as error:
        if code_of(error) in _TOO_FAR:
            yield f"AWS takes no request of this machine ({code_of(error)}). Is its clock right?"
            return ""
        raise
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date is None:
        message = "the answer has no Date."
        raise UncheckedError(message)
    ahead = examined.clock() - parsedate_to_datetime(date)
    if abs(ahead) > _MOST:
        way = "ahead of" if ahead > timedelta() else "behind"
        seconds = abs(ahead).total_seconds()
        yield (
            f"This machine's clock is {seconds:.0f} seconds {way} AWS's. Let it follow a time"
            " server: at five minutes AWS refuses every request."
        )
    return "This machine's clock is AWS's, to within a minute."
