"""Which names of columns look like secrets (L018)."""

from __future__ import annotations

import pytest

from gateway.policies.lints.secrets import looks_secret

SECRET = """
password passwd pwd passphrase user_password passwordHash password_hash PASSWORD password_digest encrypted_password
secret client_secret totp_secret secret_key secretKey webhook_secret
token access_token refresh_token reset_token invite_token confirmation_token token_hash tokenHash apiToken tokens
hash key_hash refresh_hash
api_key apiKey APIKey apikey stripe_api_key private_key privateKey ssh_private_key signing_key encryption_key hmac_key
access_key service_key master_key session_key refresh_token_hmac_key
ssn iban cvv cvc otp otp_code salt password_salt social_security_number card_number bank_account account_number tax_id
recovery_code backup_codes verification_code mfa_code pin_code
"""
HARMLESS = """
token_count tokens_used max_tokens total_tokens prompt_tokens token_type token_expires_at token_id has_password
password_changed_at password_reset_at last_password_reset is_secret secret_id secret_name requires_otp otp_enabled
password_attempts token_limit token_version salt_level
content_hash commit_hash file_hash blurhash image_hash hashtag hashtags rehash hash_count
key keyboard public_key foreign_key sort_key primary_key keywords monkey api_version private is_private privacy_level
passenger passport_office compass assalt basalt saltwater secretary tokenizer cryptocurrency passing_grade
zip_code country_code raw_text plain_value base64
id title description user_id created_at name email ibanez lessons ssnake otpauth_issuer_url
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_harmless(name: str) -> None:
    assert not looks_secret(name)
