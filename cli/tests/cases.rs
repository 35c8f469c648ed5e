//! Runs the cases of `tests/cli`: what a person types, and what they get.

#[test]
fn what_is_typed_gets_the_answer_on_file() {
    trycmd::TestCases::new()
        .env("COLOPHON_HOME", "home")
        .env("COLOPHON_TEST_SCRYPT_LOG_N", "1")
        .env("COLOPHON_TEST_TIME", "2026-11-23T10:00:00Z")
        .case("../tests/cli/*.trycmd");
}
