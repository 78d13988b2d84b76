from slacheck.api import Results as Results
from slacheck.api import check as check
from slacheck.api import open_capture as open_capture
from slacheck.capture.capture import Capture as Capture
from slacheck.contract import Verdict as Verdict
from slacheck.errors import CaptureError as CaptureError
from slacheck.errors import PackError as PackError
from slacheck.errors import SlacheckError as SlacheckError
from slacheck.errors import SpecError as SpecError
from slacheck.errors import UsageError as UsageError
from slacheck.evidence.verify import verify as verify
from slacheck.spec.load import load_spec as load_spec
from slacheck.spec.model import Spec as Spec
from slacheck.submission.load import Submission as Submission
from slacheck.submission.load import load_submission as load_submission

__version__: str
