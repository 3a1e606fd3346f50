// Package export_sluice_plugin_plugin is what the generated exports call.
package export_sluice_plugin_plugin

import "sluice/guardrail"

func Describe() string { return guardrail.Served.Describe() }
