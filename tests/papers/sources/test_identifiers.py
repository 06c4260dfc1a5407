"""Identifiers are found in whatever text they stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.sources.identifiers import find_identifiers
from tests.linear import assert_linear


@pytest.mark.parametrize(("text", "found"), [
    ("2401.00001", ["arxiv 2401.00001"]), ("arXiv:2401.00001v3 [cs.LG]", ["arxiv 2401.00001"]),
    ("see https://arxiv.org/abs/2401.00001v2, and http://arxiv.org/pdf/1706.03762.pdf.",
     ["arxiv 2401.00001", "arxiv 1706.03762"]),
    ("hep-th/9901001 math.GT/0309136", ["arxiv hep-th/9901001", "arxiv math/0309136"]),
    ("https://huggingface.co/papers/2401.00001", ["arxiv 2401.00001"]),
    ("https://www.alphaxiv.org/abs/2401.00001", ["arxiv 2401.00001"]),
    ("https://doi.org/10.48550/arXiv.2401.00001", ["arxiv 2401.00001"]),
    ("10.1145/3292500.3330701.", ["doi 10.1145/3292500.3330701"]),
    ("(doi:10.1016/S0140-6736(05)67889-0)", ["doi 10.1016/s0140-6736(05)67889-0"]),
    ("https://doi.org/10.1101/2020.03.12.988000", ["doi 10.1101/2020.03.12.988000"]),
    ("<https://dx.doi.org/10.1000/abc>", ["doi 10.1000/abc"]),
    ("https://openreview.net/forum?id=H1-a_b9C and https://openreview.net/pdf?id=xyzXYZ123",
     ["openreview H1-a_b9C", "openreview xyzXYZ123"]),
    ("https://openreview.net/forum?noteId=aaaaaa1&id=BBBBBB1", ["openreview BBBBBB1"]),
    ("https://aclanthology.org/2020.acl-main.1/ https://aclanthology.org/P19-1001.pdf",
     ["acl 2020.acl-main.1", "acl P19-1001"]),
    ("https://www.aclweb.org/anthology/N18-1202", ["acl N18-1202"]),
    ("https://github.com/ada/lovely-code.git", ["github ada/lovely-code"]),
    ("github.com/ada/code/tree/main/src", ["github ada/code"]), ("https://github.com/features/actions", []),
    ("2401.00001 2401.00001v2 arXiv:2401.00001", ["arxiv 2401.00001"]),
    ("on 2020-03-12 at 1234.5678 costs 10.50 and v1.2.3", []), ("", []), ("no paper", []), ("9913.12345", []),
    ("x2401.00001 and 2401.000011", []),
])
def test_what_is_found(text, found):
    assert [f"{each.kind} {each.value}" for each in find_identifiers(text)] == found


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.lists(st.sampled_from(["2401.00001", "10.1/x", "10.1145/a.b", "github.com/", "(", ")", "/", "arxiv:", " ",
                                 "\n", "a", "https://", ".", "openreview.net/forum?id=", "é", "-", "v1"]), max_size=30)
       .map("".join))
def test_what_is_found_is_found_again_in_itself(text):
    for each in find_identifiers(text):
        if each.kind in ("arxiv", "doi"):
            assert each in find_identifiers(each.value)


@pytest.mark.parametrize("piece", ["openreview.net/forum?a&", "arxiv.org/a/", "10.1000/((((", "github.com/a", "cs/",
                                   "a-", "a.", "https://"])
def test_a_long_text_takes_time_in_proportion(piece):
    find_identifiers(piece * 10)  # the first time compiles patterns
    assert_linear(find_identifiers, piece * 2000, piece * 20_000, times=10)
