import hashlib

from separatrix.core import Provenance
from separatrix.core.provenance import sha256_data, sha256_file, sha256_path, source_hash


def test_hash_of_a_file_is_that_of_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"separatrix")
    assert sha256_file(tmp_path / "a") == hashlib.sha256(b"separatrix").hexdigest()


def test_hash_of_a_folder_changes_with_names_and_content(tmp_path):
    def made(**files):
        folder = tmp_path / sha256_data(files)
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        return sha256_path(folder)

    hashes = [made(a="1", b="2"), made(a="2", b="1"), made(a="1", c="2"), made(a="12"), made(a="1")]
    assert len(set(hashes)) == len(hashes)


def test_source_hash_is_stable_within_a_run():
    assert source_hash() == source_hash()
    assert len(source_hash()) == 64


def test_provenance_survives_json():
    mark = Provenance(
        station="anatomy",
        version="1",
        source_sha256="s",
        seed=3,
        inputs={"case.twins": "h"},
        evidence={"a.b": [1, None, 2]},
        files={"result.json": "f"},
    )
    assert Provenance.from_dict(mark.to_dict()) == mark
    assert mark.digest == sha256_data({"result.json": "f"})
