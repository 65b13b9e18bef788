import Subprocess
import SystemPackage
import Logging
