"""A definition as a graph: what waits for what, and that nothing is drawn over anything else."""

import json
from itertools import combinations

import pytest

from local_aws.console import graph


def drawn(*steps):
    return graph.of_definition(json.dumps({"Steps": list(steps)}))


def step(name, kind="Training", needs=(), **arguments):
    return {"Name": name, "Type": kind, "Arguments": arguments, "DependsOn": list(needs)}


def edges(found):
    return {(edge.begin, edge.end): edge.word for edge in found.edges}


GATE = step(
    "Gate",
    "Condition",
    Conditions=[
        {
            "LeftValue": {
                "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "x"}
            }
        }
    ],
    IfSteps=[step("Register", "RegisterModel", Model={"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"})],
    ElseSteps=[step("Fail", "Fail")],
)
PIPELINE = (
    step("Prepare", "Processing"),
    step("Train", Data={"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}),
    step("Evaluate", "Processing", Model=[{"Std:Join": {"Values": [{"Get": "Steps.Train.X"}]}}]),
    GATE,
)


def test_edges_are_explicit_and_by_properties_and_say_which_branch():
    assert edges(drawn(*PIPELINE)) == {
        ("Prepare", "Train"): "",
        ("Train", "Evaluate"): "",
        ("Evaluate", "Gate"): "",
        ("Gate", "Register"): "if",
        ("Gate", "Fail"): "else",
    }


def test_an_edge_that_others_imply_is_left_out():
    found = drawn(step("A"), step("B", needs=["A"]), step("C", needs=["A", "B"]))
    assert set(edges(found)) == {("A", "B"), ("B", "C")}


@pytest.mark.parametrize("steps", [PIPELINE, [step(f"S{number}") for number in range(7)], []])
def test_no_box_lies_on_another_or_outside(steps):
    found = drawn(*steps)
    for one, other in combinations(found.nodes, 2):
        apart = abs(one.x - other.x) >= graph.WIDTH or abs(one.y - other.y) >= graph.HEIGHT
        assert apart, (one, other)
    for node in found.nodes:
        assert 0 <= node.x <= found.width - graph.WIDTH and 0 <= node.y <= found.height - graph.HEIGHT


def test_a_step_stands_right_of_all_that_it_waits_for():
    found = drawn(step("Last", needs=["First", "Middle"]), step("Middle", needs=["First"]), step("First"))
    x = {node.name: node.x for node in found.nodes}
    assert x["First"] < x["Middle"] < x["Last"]


def test_a_reference_to_nothing_is_no_edge():
    assert not drawn(step("A", needs=["Gone"], Data={"Get": "Steps.Away.X"})).edges


def test_what_is_no_definition_is_a_value_error():
    with pytest.raises(ValueError):
        graph.of_definition("no JSON")
