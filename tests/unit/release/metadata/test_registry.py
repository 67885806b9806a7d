"""The entry for the registry of deployments: in its form, complete for its highest tier, and true to the release."""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.support.official_schemas import FOLDER
from tests.unit.release.metadata.test_formats import KINDS, privacy_of, releases  # noqa: F401 - a fixture
from tests.unit.release.test_verify import _reseal

from ctdc.release.metadata.registry import REGISTRY, SIMULATED, UNDECIDED, UNSTATED
from ctdc.release.verify import verify

pytestmark = pytest.mark.slow  # each needs a release

# What the registry's own template lists for tier 3, beside the parts of a source.
TIER_3 = """
basic: name data_curators description intended_use data_product_type data_product_region publication_date
dp_variant: variant_name data_domain unprotected_quantities
privacy_loss: privacy_unit privacy_unit_details number_of_privacy_units privacy_parameters privacy_parameters_details
deployment_model: model_name model_name_details trust_assumptions actors release_type release_type_details
deployment_model: data_source_type data_source_type_details access_type access_type_details
implementation: preprocessing_and_hyperparameter_tuning mechanisms composition post_processing justification
implementation: utility additional_information
administrative: evidence_sources status registry_authors tier
"""


def entry_of(release: Path) -> dict:
    return yaml.safe_load((release / "metadata" / REGISTRY).read_text())


@KINDS
def test_it_has_the_form_of_the_registry(releases, kind):  # noqa: F811
    schema = json.loads((FOLDER / "deployments-registry.json").read_text())
    entry = entry_of(releases[kind])
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    assert not [error.message for error in validator.iter_errors(entry)]
    assert re.fullmatch(r"[a-z0-9_]+\.yaml", REGISTRY)


@KINDS
def test_nothing_of_the_highest_tier_is_left_empty(releases, kind):  # noqa: F811
    deployment = entry_of(releases[kind])["deployment"]
    assert deployment["administrative"]["tier"] == 3
    for line in TIER_3.strip().splitlines():
        part, names = line.split(": ")
        for name in names.split():
            value = deployment[part][name]
            assert value not in ("", None, [], {}), name
            assert "None" not in str(value) or name == "unprotected_quantities", name


@KINDS
def test_it_states_the_guarantee_and_the_protected_number_of_people(releases, kind):  # noqa: F811
    privacy, loss = privacy_of(releases[kind]), entry_of(releases[kind])["deployment"]["privacy_loss"]
    assert loss["privacy_parameters"] == {name: privacy[name] for name in ("epsilon", "delta", "rho")}
    assert loss["number_of_privacy_units"] == round(privacy["total"]["count"])


def test_invented_people_are_said_to_be_no_deployment(releases):  # noqa: F811
    assert entry_of(releases["published"])["deployment"]["basic"]["description"].startswith(SIMULATED)
    assert "SIMULATED" not in (releases["bare"] / "metadata" / REGISTRY).read_text()


def test_of_a_table_of_its_own_nothing_is_guessed(releases):  # noqa: F811
    """Its title and publisher are what people chose; the rest names no collaborative."""
    deployment = entry_of(releases["bare"])["deployment"]
    assert deployment["deployment_model"]["actors"] == UNSTATED
    said = str([deployment[part] for part in ("dp_variant", "privacy_loss", "deployment_model", "implementation")])
    assert not {word for word in ("collaborative", "steward", "traffick", "victim") if word in said}
    assert deployment["implementation"]["additional_information"].endswith(UNDECIDED)
    assert "To be set" not in (releases["published"] / "metadata" / REGISTRY).read_text()


CHANGES = [("epsilon: ", "epsilon: 1"), ("privacy_units: ", "privacy_units: 1"), ("", ": [")]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_an_entry_that_states_something_else_is_found(releases, tmp_path, old, new):  # noqa: F811
    copy = Path(shutil.copytree(releases["published"], tmp_path / releases["published"].name))
    path = copy / "metadata" / REGISTRY
    path.write_text(path.read_text().replace(old, new, 1) if old else new)
    codes = {problem.code for problem in verify(_reseal(copy)).problems}
    assert codes & {"registry.differs", "registry.unreadable"}
