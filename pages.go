package chargestamp

import "embed"

// Pages are the manual, docs/ as it stands in the repository. The admin listener serves them at /docs.
//
//go:embed docs CHANGELOG.md README.md README.zh.md ARCHITECTURE.md
var Pages embed.FS
