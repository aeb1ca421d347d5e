"""What a start finds in its folder, draws for it, and refuses."""

import pytest

from service import settings_in
from xaynet_coordinator.settings import SettingsError
from xaynet_coordinator.wiring import kept, master_key, service_uid


def test_the_first_start_draws_a_key_and_a_uid_and_the_next_ones_keep_them(tmp_path):
    settings = settings_in(tmp_path)
    drawn = iter([b"k" * 32, b"u" * 16, b"x" * 32, b"y" * 16])

    def start() -> tuple[bytes, str]:
        key = master_key(settings, lambda _: next(drawn))
        return key, service_uid(settings, lambda _: next(drawn))

    first, again = start(), start()
    assert first == again == (b"k" * 32, (b"u" * 16).hex())
    assert (tmp_path / "at_rest.key").stat().st_mode & 0o777 == 0o600


def test_a_given_key_file_must_be_there_and_hold_a_key(tmp_path):
    settings = settings_in(tmp_path, at_rest={"key_file": tmp_path / "key"})
    with pytest.raises(SettingsError, match="there is no such file"):
        master_key(settings, bytes)
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="has 5 bytes, but a key has 32"):
        master_key(settings, bytes)


def test_of_two_first_starts_one_is_kept_whole(tmp_path):
    assert kept(tmp_path / "uid", b"one") == b"one"
    assert kept(tmp_path / "uid", b"two") == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["uid"]
