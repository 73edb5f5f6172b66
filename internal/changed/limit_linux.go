// SPDX-License-Identifier: Apache-2.0

package changed

import "syscall"

// errNoWatches is what the kernel says if it will watch no more.
const errNoWatches = syscall.ENOSPC
