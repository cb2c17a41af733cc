"""What is kept from moto's doing: work that nothing here needs, in every test and every project."""

from unittest import mock

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from moto.kms import utils

from local_aws.kernel.account import ACCOUNT_ID


def test_a_request_makes_no_iam_of_other_partitions(aws):
    aws.client("s3").list_buckets()
    assert set(iam_backends[ACCOUNT_ID]) == {"aws"}


def test_a_symmetric_key_encrypts_and_has_no_key_pair(aws):
    kms = aws.client("kms")
    with mock.patch.object(utils.rsa, "generate_private_key", side_effect=AssertionError("a key pair")):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        sealed = kms.encrypt(KeyId=key, Plaintext=b"open")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"open"


def test_an_asymmetric_key_signs(aws):
    kms = aws.client("kms")
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signing = {"KeyId": key, "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256", "Message": b"paid"}
    signature = kms.sign(**signing)["Signature"]
    assert kms.verify(**signing, Signature=signature)["SignatureValid"]
    with pytest.raises(ClientError):
        kms.sign(**{**signing, "KeyId": kms.create_key()["KeyMetadata"]["KeyId"]})
