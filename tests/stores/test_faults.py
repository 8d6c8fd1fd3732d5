"""The messages of the stores' libraries, as this package reports them."""

from __future__ import annotations

import errno

import pyarrow as pa
import pytest

from rfm_engine.errors import RfmError
from rfm_engine.orders.sources.faults import is_of_store, says_nothing, unreachable
from rfm_engine.orders.sources.guard import MissingInputError
from rfm_engine.orders.sources.uris import without_secrets

# As pyarrow 26 raises them.
GOOGLE = (
    "google::cloud::Status(UNAVAILABLE: Retry policy exhausted, with a last message of Could not "
    "create a OAuth2 access token to authenticate the request. The request was not sent, as such "
    "an access token is required to complete the request successfully. Learn more about Google "
    "Cloud authentication at https://cloud.google.com/docs/authentication. The underlying error "
    "message was: PerformWork() - CURL error [6]=Could not resolve hostname error_info={reason=, "
    "domain=, metadata={gcloud-cpp.retry.on-entry=false}})"
)
AZURE = (
    "Unknown error: Check for Hierarchical Namespace support on 'https://a.blob.core.windows.net/c'"
    " failed: N5Azure4Core11Credentials23AuthenticationExceptionE: Failed to get token from "
    "DefaultAzureCredential.\nSee Azure::Core::Diagnostics::Logger for details (https://aka.ms/az)."
)
AZURE_LOST = (
    "Check for Hierarchical Namespace support on 'http://127.0.0.1:9/acc/c' failed. Azure Error: []"
    " Fail to get a new connection for: http://127.0.0.1:9. Could not connect to server"
)
AMAZON = "AWS Error ACCESS_DENIED during GetObject operation: no"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(GOOGLE),
            "Could not create a OAuth2 access token to authenticate the request. "
            "CURL error [6]=Could not resolve hostname",
        ),
        (
            pa.ArrowException(AZURE),
            "Check for Hierarchical Namespace support on 'https://a.blob.core.windows.net/c' "
            "failed: Failed to get token from DefaultAzureCredential",
        ),
        (OSError(AZURE_LOST), AZURE_LOST),
        (OSError(AMAZON), AMAZON),
        (pa.ArrowInvalid("google::cloud::Status(INVALID_ARGUMENT: no)"), "no"),
        (OSError("AWS Error X: Failed to flush response stream (eof: 0, bad: 1)"), "a refusal"),
        (
            OSError(errno.ECONNRESET, "Connection reset by peer"),
            "[Errno 104] Connection reset by peer",
        ),
    ],
)
def test_unreachable__says_why_in_one_line(error, said):
    assert is_of_store(error)
    made = unreachable("gs://b/o", error)
    assert type(made) is RfmError
    assert str(made) == (
        f"gs://b/o must be reachable; got {said}. "
        "Check the network, the credentials and the region."
    )


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "gone"),
        OSError("AWS Error NO_SUCH_KEY during GetObject operation: no"),
        OSError("AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: no"),
        OSError("AWS Error RESOURCE_NOT_FOUND during GetObject operation: "),
        OSError("google::cloud::Status(NOT_FOUND: Permanent error)"),
        OSError("GetProperties failed. Azure Error: [BlobNotFound] 404"),
    ],
)
def test_unreachable__tells_what_is_missing(error):
    made = unreachable("s3://b/o", error)
    assert type(made) is MissingInputError
    assert str(made) == "s3://b/o must exist; got no such file or folder. Check the path."


@pytest.mark.parametrize(
    "error",
    [
        None,
        ValueError(AMAZON),
        OSError("Couldn't deserialize thrift: TProtocolException: Invalid data"),
        pa.ArrowInvalid("CSV parse error: Expected 3 columns, got 5"),
    ],
)
def test_is_of_store__is_false_for_damaged_bytes(error):
    assert not is_of_store(error)
    assert not says_nothing(error)


def test_without_secrets__keeps_what_names_the_place():
    assert without_secrets("s3://key:se%2Fcret@shop/a/b.csv?region=x") == "s3://shop/a/b.csv"
    assert without_secrets("abfs://c@a.dfs.core.windows.net/o?sig=x") == (
        "abfs://c@a.dfs.core.windows.net/o"
    )
    assert without_secrets("gs://anonymous@shop/a@b:c.csv") == "gs://anonymous@shop/a@b:c.csv"
    assert without_secrets("file:///tmp/a@b:c@d") == "file:///tmp/a@b:c@d"
