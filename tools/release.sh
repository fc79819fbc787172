#!/bin/bash
# Builds a release into dist/ and publishes nothing: for each architecture of ARCHES the program, an archive, a deb, an
# rpm and a container image; a list of modules; checksums. The version is the tag that stands here, else the next patch
# release with the commit behind it.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}" "${NFPM:?run it by make release}" "${ARCHES:=amd64 arm64}"
tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || echo v0.0.0)
VERSION=${tag#v}
if [ "$(git describe --tags --always --dirty)" != "$tag" ]; then
	VERSION=${VERSION%.*}.$((${VERSION##*.} + 1))-dev.$(git rev-parse --short HEAD)
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export VERSION SOURCE_DATE_EPOCH ARCH BUILT
rm -rf dist
# build MODE PROGRAM
build() {
	CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH $GO build -trimpath -buildmode="$1" \
		-ldflags "-s -w -X github.com/chargestamp/chargestamp/app.Version=$VERSION" -o "$2" ./cmd/chargestamp
}
for ARCH in $ARCHES; do
	BUILT=dist/linux_$ARCH
	mkdir -p "$BUILT/static"
	build pie "$BUILT/chargestamp"        # of the packages: at another address at each start; needs the system's loader
	build exe "$BUILT/static/chargestamp" # of archive and image: needs nothing
	[ -e dist/chargestamp.1.gz ] || { # the first architecture is that of this machine, whose program runs here
		"$BUILT/chargestamp" man | gzip -9n >dist/chargestamp.1.gz
	}
	cp dist/chargestamp.1.gz "$BUILT/"
	for format in deb rpm; do
		"$NFPM" package --config deploy/package/nfpm.yaml --packager "$format" \
			--target "dist/chargestamp_${VERSION}_linux_$ARCH.$format" >/dev/null
	done
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -czf \
		"dist/chargestamp_${VERSION}_linux_$ARCH.tar.gz" LICENSE README.md README.zh.md CHANGELOG.md docs deploy -C "$BUILT/static" chargestamp
	$GO run ./tools/image -program "$BUILT/static/chargestamp" -arch "$ARCH" -version "$VERSION" -created "$SOURCE_DATE_EPOCH" \
		-out "dist/image_$ARCH"
done
rm dist/chargestamp.1.gz
if [ "${SBOM:-yes}" = yes ]; then
	./tools/sbom.sh "dist/linux_${ARCHES%% *}/chargestamp" "dist/chargestamp_$VERSION.sbom.json"
fi
(cd dist && find . -maxdepth 1 -type f ! -name checksums.txt -printf '%f\n' | sort | xargs sha256sum >checksums.txt)
ls -1 dist
