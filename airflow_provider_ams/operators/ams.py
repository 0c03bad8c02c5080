"""All operators for Teamworks AMS; each lives in the room named after what it deals with."""

from __future__ import annotations

from airflow_provider_ams.operators._dates import ams_date
from airflow_provider_ams.operators.deletes import AmsDeleteEventDataOperator
from airflow_provider_ams.operators.events import (
    AmsGetEventDataOperator,
    AmsSaveWatermarkOperator,
    AmsSyncEventDataOperator,
)
from airflow_provider_ams.operators.mirrors import AmsMirrorEventDataOperator
from airflow_provider_ams.operators.people import AmsGetUserOperator
from airflow_provider_ams.operators.plans import (
    AmsApplyPlanOperator,
    AmsPlanOperator,
    AmsValidateEventDataOperator,
)
from airflow_provider_ams.operators.profiles import (
    AmsGetProfileDataOperator,
    AmsUpsertProfileDataOperator,
)
from airflow_provider_ams.operators.writes import (
    AmsInsertEventDataOperator,
    AmsUpdateEventDataOperator,
    AmsUpsertEventDataOperator,
)

__all__ = [
    "AmsApplyPlanOperator",
    "AmsDeleteEventDataOperator",
    "AmsGetEventDataOperator",
    "AmsGetProfileDataOperator",
    "AmsGetUserOperator",
    "AmsInsertEventDataOperator",
    "AmsMirrorEventDataOperator",
    "AmsPlanOperator",
    "AmsSaveWatermarkOperator",
    "AmsSyncEventDataOperator",
    "AmsUpdateEventDataOperator",
    "AmsUpsertEventDataOperator",
    "AmsUpsertProfileDataOperator",
    "AmsValidateEventDataOperator",
    "ams_date",
]
