// Package export_sluice_plugin_guardrail is what the generated exports call.
package export_sluice_plugin_guardrail

import (
	"sluice"
	types "sluice/gen/sluice_plugin_types"
	"sluice/guardrail"
	wit "sluice/wit/types"
)

func Inspect(inspection guardrail.Inspection) wit.Result[guardrail.Decision, types.Error] {
	return sluice.Outcome(guardrail.Served.Inspect(inspection))
}
