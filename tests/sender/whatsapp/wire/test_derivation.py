from sender.whatsapp.wire.derivation import authentication_code, derive


def test_derivation_matches_rfc_5869() -> None:
    secret = bytes.fromhex("0b" * 22)
    with_all = derive(
        secret, 42, salt=bytes.fromhex("000102030405060708090a0b0c"), purpose=bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    )
    assert with_all.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    assert derive(secret, 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_authentication_code_matches_rfc_4231() -> None:
    code = authentication_code(b"Jefe", b"what do ya want ", b"for nothing?")
    assert code.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
