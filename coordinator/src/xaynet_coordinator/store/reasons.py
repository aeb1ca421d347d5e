"""What ails a server: from the errors of its client library to a reason and a sentence.

Pure, and judged by types, statuses and error codes, never by the texts that people read. A
sentence names the host and says what to do; what it quotes of the server's stands in brackets.
"""

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from redis import exceptions as redis
from urllib3.exceptions import MaxRetryError

from xaynet_coordinator.store import Reason, StoreUnavailable

_SERVER_ERROR = 500
_FULL = 507

_WRONG_KEYS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "InvalidSecurity",
    "NotSignedUp",
    "XAdminUserNotFound",
}
_NO_ROOM = {"QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"}
_LOOK = "see that it runs, and that its address is right"


def redis_unavailable(server: str, error: redis.RedisError, text: str) -> StoreUnavailable:
    """Why a Redis server did not do what it was asked; ``text`` is its own, without secrets."""
    match error:
        case (
            redis.AuthenticationError()
            | redis.AuthorizationError()
            | redis.AuthenticationWrongNumberOfArgsError()
        ):
            reason, what = Reason.REDIS_CREDENTIALS, "refuses the password: check the Secret"
        case redis.NoPermissionError():
            reason = Reason.REDIS_CREDENTIALS
            what = "gives this account too few rights: it needs all commands on its own keys"
        case redis.ConnectionError() | redis.TimeoutError():
            reason, what = Reason.REDIS_UNREACHABLE, f"cannot be reached: {_LOOK}"
        case redis.OutOfMemoryError():
            reason, what = Reason.REDIS_REFUSES, "has no memory left: raise its maxmemory"
        case redis.ReadOnlyError():
            reason, what = Reason.REDIS_REFUSES, "takes no writes: give the address of the primary"
        case _:
            reason, what = Reason.REDIS_REFUSES, "refuses what it is asked: see its version and log"
    return StoreUnavailable(f"{server} {what} ({text.rstrip('.')})", reason)


def s3_unavailable(bucket: str, error: Exception) -> StoreUnavailable:
    """Why an S3 server did not do what it was asked. ``bucket`` says which one, and where."""
    match error:
        case S3Error():
            reason, what = _s3_refusal(error.code or "", error.response.status)
            text = f"{error.code}, {error.message}"
        case MaxRetryError():
            reason, what, text = Reason.S3_UNREACHABLE, f"cannot be reached: {_LOOK}", error.reason
        case ServerError():
            reason, what, text = Reason.S3_UNREACHABLE, "does not serve now: see its log", error
        case InvalidResponseError() if _status(error) >= _SERVER_ERROR:
            reason, what, text = Reason.S3_UNREACHABLE, "does not serve now: see its log", error
        case MinioException() | SyntaxError():
            reason, what = Reason.S3_REFUSES, "does not answer as S3 does: check the endpoint"
            text = error
        case _:
            reason, what, text = Reason.S3_UNREACHABLE, f"cannot be reached: {_LOOK}", error
    return StoreUnavailable(f"{bucket} {what} ({text})", reason)


def _status(error: InvalidResponseError) -> int:
    """The status of an answer that was not S3's; pickling is the only public way to it."""
    return error.__reduce__()[1][0]


def _s3_refusal(code: str, status: int) -> tuple[Reason, str]:
    if code in _WRONG_KEYS:
        return Reason.S3_CREDENTIALS, "refuses the credentials: check the Secret"
    if code in _NO_ROOM or status == _FULL:
        return Reason.S3_REFUSES, "has no room left: raise its quota, or add storage"
    if status >= _SERVER_ERROR:
        return Reason.S3_UNREACHABLE, "does not serve now: see its log"
    if code == "NoSuchBucket":
        return Reason.S3_REFUSES, "is not there: make the bucket, or correct its name"
    if code == "AccessDenied":
        return Reason.S3_REFUSES, "is forbidden to these credentials: give them rights on it"
    return Reason.S3_REFUSES, "refuses what it is asked: see its log"
