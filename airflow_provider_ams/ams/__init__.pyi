from .api.checks import (
    LoginCheck as LoginCheck,
)
from .api.checks import (
    login_check as login_check,
)
from .api.event_deletes import (
    delete_event_data as delete_event_data,
)
from .api.event_deletes import (
    delete_multiple_events as delete_multiple_events,
)
from .api.event_reads import (
    SyncResult as SyncResult,
)
from .api.event_reads import (
    get_event_data as get_event_data,
)
from .api.event_reads import (
    sync_event_data as sync_event_data,
)
from .api.event_writes import (
    insert_event_data as insert_event_data,
)
from .api.event_writes import (
    mirror_event_data as mirror_event_data,
)
from .api.event_writes import (
    update_event_data as update_event_data,
)
from .api.event_writes import (
    upsert_event_data as upsert_event_data,
)
from .api.forms import (
    get_form_schema as get_form_schema,
)
from .api.forms import (
    get_forms as get_forms,
)
from .api.people import (
    get_group as get_group,
)
from .api.people import (
    get_user as get_user,
)
from .api.people import (
    login as login,
)
from .api.plans import (
    apply as apply,
)
from .api.plans import (
    plan_event_data as plan_event_data,
)
from .api.plans import (
    validate_event_data as validate_event_data,
)
from .api.profiles import (
    get_profile_data as get_profile_data,
)
from .api.profiles import (
    upsert_profile_data as upsert_profile_data,
)
from .client import (
    AMSClient as AMSClient,
)
from .client import (
    get_client as get_client,
)
from .errors import (
    AMSConfigurationError as AMSConfigurationError,
)
from .errors import (
    AMSError as AMSError,
)
from .errors import (
    AMSImportError as AMSImportError,
)
from .errors import (
    AMSInputError as AMSInputError,
)
from .errors import (
    AMSLoginError as AMSLoginError,
)
from .errors import (
    AMSPermissionError as AMSPermissionError,
)
from .errors import (
    AMSReplyError as AMSReplyError,
)
from .errors import (
    AMSStalePlanError as AMSStalePlanError,
)
from .errors import (
    AMSTransientError as AMSTransientError,
)
from .errors import (
    AMSUnknownOutcomeError as AMSUnknownOutcomeError,
)
from .errors import (
    AMSValidationError as AMSValidationError,
)
from .files.table import (
    read_table as read_table,
)
from .options.plans import (
    DeleteEventOption as DeleteEventOption,
)
from .options.plans import (
    FormOption as FormOption,
)
from .options.plans import (
    MirrorEventOption as MirrorEventOption,
)
from .options.plans import (
    PlanOption as PlanOption,
)
from .options.reads import (
    EventFilter as EventFilter,
)
from .options.reads import (
    EventOption as EventOption,
)
from .options.reads import (
    GroupOption as GroupOption,
)
from .options.reads import (
    LoginOption as LoginOption,
)
from .options.reads import (
    ProfileFilter as ProfileFilter,
)
from .options.reads import (
    ProfileOption as ProfileOption,
)
from .options.reads import (
    SyncEventFilter as SyncEventFilter,
)
from .options.reads import (
    SyncEventOption as SyncEventOption,
)
from .options.reads import (
    UserFilter as UserFilter,
)
from .options.reads import (
    UserOption as UserOption,
)
from .options.writes import (
    InsertEventOption as InsertEventOption,
)
from .options.writes import (
    UpdateEventOption as UpdateEventOption,
)
from .options.writes import (
    UpsertEventOption as UpsertEventOption,
)
from .options.writes import (
    UpsertProfileOption as UpsertProfileOption,
)
from .plan.data_loss import (
    AMSDataLossWarning as AMSDataLossWarning,
)
from .plan.plan import (
    Plan as Plan,
)
from .read.typed import (
    AMSTypeWarning as AMSTypeWarning,
)
from .results import (
    DeleteResult as DeleteResult,
)
from .results import (
    ImportResult as ImportResult,
)
from .validate.report import (
    ValidationReport as ValidationReport,
)
from .write.places import (
    Checkpoint as Checkpoint,
)
from .write.places import (
    LookBack as LookBack,
)
