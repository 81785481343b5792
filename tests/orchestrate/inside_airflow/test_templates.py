"""What a user gives an operator as text can be a template."""

from __future__ import annotations

import inspect

import pytest
from airflow_audit.operators.audit_report import AuditReportOperator
from airflow_audit.operators.meltano import MeltanoOperator
from airflow_audit.operators.meltano_job import MeltanoJobOperator
from airflow_audit.operators.metadata_sync import MetadataSyncOperator
from airflow_audit.operators.table_export import TableExportOperator

OPERATORS = [AuditReportOperator, MeltanoJobOperator, MetadataSyncOperator, TableExportOperator]


def test_every_operator_is_looked_at():
    assert {*OPERATORS} == {*MeltanoOperator.__subclasses__()}


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_argument_is_a_template(operator):
    texts = {
        name
        for its_class in (operator, MeltanoOperator)
        for name, argument in inspect.signature(its_class.__init__).parameters.items()
        if "str" in str(argument.annotation)  # text, or a collection of texts
    }
    assert set(operator.template_fields) == texts
