#!/bin/bash
# Writes the list of a binary's modules, with licences, as CycloneDX JSON: sbom.sh BINARY DOCUMENT
set -euo pipefail
exec go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0 bin -json -licenses -output "$2" "$1"
