"""The S3 server that the tests use behaves as S3 does where it matters to them."""

import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from tests.services.s3 import S3Server


@pytest.mark.parametrize(("secret", "accepted"), [(None, True), ("wrong", False)])
async def test_only_the_right_secret_is_let_in(s3_server: S3Server, secret: str | None, *, accepted: bool) -> None:
    """A wrong secret is refused, so that a test with wrong keys can fail."""
    client = get_session().create_client(
        "s3",
        region_name=s3_server.region,
        endpoint_url=s3_server.endpoint,
        aws_access_key_id=s3_server.access_key_id,
        aws_secret_access_key=secret or s3_server.secret_access_key,
    )

    async with client as s3:
        try:
            await s3.put_object(Bucket=s3_server.bucket, Key="probe", Body=b"x")
            was_accepted = True
        except ClientError as exc:
            was_accepted = exc.response["Error"]["Code"] != "SignatureDoesNotMatch"

    assert was_accepted is accepted
