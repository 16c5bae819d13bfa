"""Matrices from files of other people: read as they are, or refused in one sentence."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from scipy import io, sparse

from mho.files import TooLargeError, allow_memory
from mho.rng import Stream
from mho.solve.gallery import Problem, read_problem, read_vector

HEAD = "%%MatrixMarket matrix coordinate real general\n"
SYMMETRIC = HEAD.replace("general", "symmetric")
HERMITIAN = HEAD.replace("real general", "complex hermitian")
WANTED = np.array([[4.0, -1.0], [-1.0, 3.0]])


def read(path: Path, text: str) -> Problem:
    path.write_text(text)
    return read_problem(str(path), Stream(0))


def dense(problem: Problem) -> np.ndarray:
    matrix = problem.matrix
    return matrix.toarray() if sparse.issparse(matrix) else matrix


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "2 2 4\n1 1 4\n2 2 3\n1 2 -1\n2 1 -1\n",
        HEAD + "% a comment\n%\n\n  2   2 4\n2 1 -1e0\n1 1 4\n2 2 3.\n1 2 -1\n",
        HEAD + "2 2 4\n1 1 4D0\n2 2 3\n1 2 -1d+0\n2 1 -1\n",
        "%%MatrixMarket matrix coordinate integer symmetric\n"
        "2 2 3\n1 1 4\n2 1 -1\n2 2 3\n",
        SYMMETRIC + "2 2 3\n1 1 4\n1 2 -1\n2 2 3\n",
        "%%MatrixMarket matrix array real symmetric\n2 2\n4\n-1\n3\n",
        "%%MatrixMarket matrix array real general\n2 2\n4\n-1\n-1\n3\n",
        (HEAD + "2 2 4\n1 1 4\n2 2 3\n1 2 -1\n2 1 -1\n").replace("\n", "\r\n"),
        HEAD + "%" + "9 " * 4000 + "\n2 2 4\n1 1 4\n2 2 3\n1 2 -1\n2 1 -1\n",
    ],
    ids=[
        "general",
        "comments",
        "fortran",
        "symmetric",
        "upper triangle",
        "half",
        "array",
        "windows",
        "long comment",
    ],
)
def test_matrix_market_in_all_its_forms(tmp_path: Path, text: str) -> None:
    """Comments, blank lines, exponents of FORTRAN, one triangle of two, whole numbers."""
    assert np.array_equal(dense(read(tmp_path / "a.mtx", text)), WANTED)


def test_entries_that_are_given_twice_add_and_skew_ones_change_sign(
    tmp_path: Path,
) -> None:
    twice = read(tmp_path / "a.mtx", HEAD + "2 2 3\n1 1 2\n1 1 2\n2 1 5\n")
    assert np.array_equal(dense(twice), [[4.0, 0.0], [5.0, 0.0]])
    head = HEAD.replace("general", "skew-symmetric")
    skew = read(tmp_path / "a.mtx", head + "2 2 1\n2 1 5\n")
    assert np.array_equal(dense(skew), [[0.0, -5.0], [5.0, 0.0]])
    head = head.replace("coordinate", "array")
    skew = read(tmp_path / "a.mtx", head + "3 3\n1\n2\n3\n")
    assert np.array_equal(
        dense(skew), [[0.0, -1.0, -2.0], [1.0, 0.0, -3.0], [2.0, 3.0, 0.0]]
    )


@pytest.mark.parametrize("symmetry", ["general", "symmetric", "hermitian"])
@pytest.mark.parametrize("layout", ["coordinate", "array"])
def test_complex_files_are_read_as_scipy_reads_them(
    tmp_path: Path, layout: str, symmetry: str
) -> None:
    """As real parts beside imaginary ones: with A = R + iJ, the rows (R, −J) and (J, R)."""
    draws = np.random.default_rng(5).standard_normal((2, 4, 4))
    values = draws[0] + 1j * draws[1]
    if symmetry == "symmetric":
        values = values + values.T
    if symmetry == "hermitian":
        values = values + values.conj().T
    name = str(tmp_path / "a.mtx")
    given = values if layout == "array" else sparse.coo_array(values)
    io.mmwrite(name, given, symmetry=symmetry)
    found = read_problem(name, Stream(0))
    assert found.parts
    wanted = io.mmread(name)
    wanted = wanted if layout == "array" else wanted.toarray()
    assert np.array_equal(dense(found)[:4, :4], wanted.real)
    assert np.array_equal(dense(found)[4:, :4], wanted.imag)
    x = np.array([1.0, 2.0, 3.0, 4.0]) - 2j
    parts = dense(found) @ np.concatenate((x.real, x.imag))
    assert np.allclose(found.told(parts), wanted @ x)
    np.save(tmp_path / "b.npy", x)
    side = read_vector(str(tmp_path / "b.npy"), parts=True)
    assert np.array_equal(found.told(side), x)
    with pytest.raises(ValueError, match="must be real as the matrix is"):
        read_vector(str(tmp_path / "b.npy"))


def test_a_pattern_is_ones_and_packed_files_are_unpacked(
    tmp_path: Path,
) -> None:
    head = HEAD.replace("real general", "pattern symmetric")
    found = read(tmp_path / "a.mtx", head + "2 2 2\n1 1\n2 1\n")
    assert np.array_equal(dense(found), [[1.0, 1.0], [1.0, 0.0]])
    text = HEAD + "2 2 4\n1 1 4\n2 2 3\n1 2 -1\n2 1 -1\n"
    path = tmp_path / "packed.mtx.gz"
    path.write_bytes(gzip.compress(text.encode()))
    packed = read_problem(str(path), Stream(0))
    assert packed.name == "packed"
    assert np.array_equal(dense(packed), WANTED)
    for bad in (text.encode(), path.read_bytes()[:-9]):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match=r"is damaged|is cut off"):
            read_problem(str(path), Stream(0))
    path.write_bytes(gzip.compress(text.encode() + b" " * 3_000_000))
    with pytest.raises(ValueError, match=r"more text than"):
        read_problem(str(path), Stream(0))


def test_what_scipy_writes_is_read_back_to_the_last_bit(
    tmp_path: Path,
) -> None:
    draws = np.random.default_rng(0)
    matrix = draws.standard_normal((30, 20)) * 10.0 ** draws.integers(-9, 9)
    sparse_one = sparse.csr_array(np.where(np.abs(matrix) > 1, matrix, 0))
    name = str(tmp_path / "a.mtx")
    io.mmwrite(name, sparse_one)
    assert np.array_equal(
        dense(read_problem(name, Stream(0))), sparse_one.toarray()
    )
    io.mmwrite(name, matrix)
    assert np.array_equal(dense(read_problem(name, Stream(0))), matrix)


@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "dia", "bsr"])
def test_sparse_matrices_of_scipy_in_every_format(
    tmp_path: Path, layout: str
) -> None:
    name = str(tmp_path / "a.npz")
    sparse.save_npz(name, sparse.csr_array(WANTED).asformat(layout))
    assert np.array_equal(dense(read_problem(name, Stream(0))), WANTED)


def test_arrays_of_numpy(tmp_path: Path) -> None:
    plain = tmp_path / "a.npy"
    np.save(plain, WANTED)
    assert np.array_equal(dense(read_problem(str(plain), Stream(0))), WANTED)
    packed = tmp_path / "a.npz"
    np.savez(packed, matrix=WANTED, rhs=np.ones(2))
    assert np.array_equal(dense(read_problem(str(packed), Stream(0))), WANTED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello\n", "does not begin with"),
        (HEAD, "no line of sizes"),
        (HEAD + "% only\n% comments\n", "no line of sizes"),
        (HEAD + "2 2\n1 1 4\n", "must give 3 sizes"),
        (HEAD + "2 -2 1\n1 1 4\n", "must give 3 sizes"),
        (HEAD + "999999999 999999999 5\n1 1 1\n", "more than 1,000,000"),
        (HEAD + "2 2 900\n1 1 1\n", "900 entries in 2 x 2 places"),
        (HEAD + "900 900 800000\n1 1 1\n", "is cut off"),
        (HEAD + "2 2 3\n1 1 4\n2 2 3\n", "is cut off"),
        (HEAD + "2 2 1\n1 1 4\n2 2 3\n", "more than the 1 numbers"),
        (HEAD + "2 2 2\n1 1 4\n3 1 3\n", "outside its 2 x 2 places"),
        (HEAD + "2 2 2\n1 1 4\n0 1 3\n", "outside its 2 x 2 places"),
        (HEAD + "2 2 2\n1 1 4\n1.5 1 3\n", "outside its 2 x 2 places"),
        (HEAD + "2 2 2\n1 1 4\nnan 1 3\n", "outside its 2 x 2 places"),
        (HEAD + "2 2 2\n1 1 4\n1 2 three\n", "letters in the place"),
        (HEAD + "2 2 2\n1 1 4\n1 2 1_0\n", "letters in the place"),
        (HEAD + "2 2 2\n1 1 4\n1 2 1e\n", "word in the place"),
        (HEAD + "2 2 2\n1 1 4\n1 2\n", "line that is not of 3 numbers"),
        (
            HEAD.replace("general", "symmetric") + "2 3 1\n1 1 4\n",
            "is symmetric, and says it is 2 x 3",
        ),
        (HEAD.replace("real", "complex") + "1 1 1\n1 1 4\n", "of 4 numbers"),
        (HEAD.replace("real", "pattern") + "1 1 1\n1 1 3\n", "of 2 numbers"),
        (HEAD.replace("general", "hermitian") + "1 1 1\n1 1 3\n", "together"),
        (
            "%%MatrixMarket matrix array pattern general\n1 1\n1\n",
            "do not go together",
        ),
        (HEAD + "1 1 1\n1 1 4\n" + "\n" * 1_100_000, "more text than"),
        (SYMMETRIC + "2 2 3\n1 1 4\n2 1 -1\n1 2 -1\n", "entry 3, .*mirrored"),
        (SYMMETRIC + "2 2 4\n1 1 4\n", "4 entries in 2 x 2 places of one"),
        (
            HEAD.replace("general", "skew-symmetric") + "2 2 1\n2 2 5\n",
            "entry 1, the line `2 2 …`, is not 0",
        ),
        (
            HERMITIAN + "2 2 2\n1 1 4 0\n2 2 3 1\n",
            "entry 2, the line `2 2 …`, is not real",
        ),
        (
            HERMITIAN.replace("coordinate", "array") + "1 1\n4 1\n",
            "entry 1, the line `1 1 …`, is not real",
        ),
        (
            HEAD.replace("real", "integer") + "1 1 1\n1 1 9007199254740993\n",
            "its number 1, which double precision",
        ),
        (HEAD.replace("real", "magic") + "1 1 1\n1 1\n", "unknown field"),
        (HEAD.replace("general", "odd") + "1 1 1\n1 1 1\n", "unknown symmetr"),
        (HEAD.replace("coordinate", "list") + "1 1 1\n1 1 1\n", "unknown form"),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        read(tmp_path / "a.mtx", text)
    assert str(refused.value).startswith("Argument `matrix` must")
    assert "\n" not in str(refused.value)


def test_any_cut_or_change_of_a_file_is_a_matrix_or_a_sentence(
    tmp_path: Path,
) -> None:
    """Every prefix, and every byte replaced by some others: never another kind of error."""
    text = (HEAD + "% c\n3 3 4\n1 1 4\n2 2 3.5e-1\n3 3 1\n1 3 -1\n").encode()
    path = tmp_path / "a.mtx"
    variants = [text[:end] for end in range(1, len(text))]
    for place in range(len(text)):
        variants += [
            text[:place] + other + text[place + 1 :]
            for other in (b"\x00", b"9", b"-", b"\xff", b"\n", b"%")
        ]
    said = [sentence_about(path, variant) for variant in variants]
    refused = [sentence for sentence in said if sentence]
    assert len(refused) > len(variants) // 2
    assert all(one.startswith("Argument `matrix` must") for one in refused)


def sentence_about(path: Path, content: bytes) -> str:
    """With what a file is refused; nothing if it is read."""
    path.write_bytes(content)
    try:
        read_problem(str(path), Stream(0))
    except ValueError as error:
        return str(error)
    return ""


def test_memory_is_asked_for_before_it_is_taken(tmp_path: Path) -> None:
    text = "%%MatrixMarket matrix array real general\n90000 90000\n1\n"
    with pytest.raises(TooLargeError, match="--max-memory"):
        read(tmp_path / "a.mtx", text)
    name = str(tmp_path / "a.npz")
    np.savez_compressed(name, np.zeros((1000, 1000)))
    with allow_memory("1MiB"), pytest.raises(TooLargeError):
        read_problem(name, Stream(0))


def test_complex_matrices_ask_for_what_four_real_ones_take(
    tmp_path: Path,
) -> None:
    """56 bytes a number, and 192 for a stored one; what reading takes is a third of it."""
    name = str(tmp_path / "a.npy")
    np.save(name, np.full((100, 100), 1j))
    with allow_memory(559_999), pytest.raises(TooLargeError):
        read_problem(name, Stream(0))
    with allow_memory(560_000):
        assert read_problem(name, Stream(0)).matrix.shape == (200, 200)
    name = str(tmp_path / "a.npz")
    sparse.save_npz(name, 1j * sparse.eye_array(1000, format="csr"))
    with allow_memory(191_999), pytest.raises(TooLargeError):
        read_problem(name, Stream(0))
    with allow_memory(192_000):
        assert read_problem(name, Stream(0)).matrix.nnz == 2000


def test_python_objects_are_never_opened(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz"):
        path = tmp_path / name
        if name == "a.npy":
            np.save(path, np.array([print]), allow_pickle=True)
        else:
            np.savez(path, np.array([print]))
        with pytest.raises(ValueError, match="could run code"):
            read_problem(str(path), Stream(0))


def test_indices_of_a_sparse_file_that_point_nowhere_are_refused(
    tmp_path: Path,
) -> None:
    for indices in ([0, 9], [0, -1]):
        np.savez(
            tmp_path / "a.npz",
            data=np.ones(2),
            indices=np.array(indices),
            indptr=np.array([0, 1, 2]),
            shape=np.array([2, 2]),
            format=np.array(b"csr"),
        )
        with pytest.raises(ValueError, match="is damaged"):
            read_problem(str(tmp_path / "a.npz"), Stream(0))


def test_right_sides(tmp_path: Path) -> None:
    """One column, however it lies; of a matrix of several, one sentence."""
    for array in (np.arange(3.0), np.arange(3.0)[:, None], np.arange(3)):
        np.save(tmp_path / "b.npy", array)
        found = read_vector(str(tmp_path / "b.npy"))
        assert np.array_equal(found, [0.0, 1.0, 2.0])
    io.mmwrite(str(tmp_path / "b.mtx"), np.arange(3.0)[:, None])
    assert np.array_equal(read_vector(str(tmp_path / "b.mtx")), [0.0, 1.0, 2.0])
    np.save(tmp_path / "b.npy", np.ones((3, 2)))
    with pytest.raises(ValueError, match="one column of numbers"):
        read_vector(str(tmp_path / "b.npy"))
    np.save(tmp_path / "b.npy", np.array(["a", "b"]))
    with pytest.raises(ValueError, match="`rhs` must name a readable file"):
        read_vector(str(tmp_path / "b.npy"))


@pytest.mark.parametrize("word", ["a.txt", "missing.mtx", "gallery"])
def test_words_that_name_nothing(word: str) -> None:
    with pytest.raises(ValueError, match="Argument `matrix` must"):
        read_problem(word, Stream(0))
