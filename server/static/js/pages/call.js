/**
 * Starts the call page. Everything it needs is in the markup; see `components/bb-call.js`.
 */

import '../components/bb-call.js'
