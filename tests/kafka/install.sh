#!/usr/bin/env bash
# Fetches Apache Kafka for the tests, once, into a cache outside the checkout:
#   libs/        the jars
#   format/      an empty formatted data directory, which each test server copies
#   classes.jsa  the classes as the Java machine keeps them in memory: half of a start's work
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
version="$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ergate-tests"
target="$cache/kafka-$version"
[ -d "$target" ] && exit 0

for program in java mvn; do
    if ! command -v "$program" >/dev/null; then
        echo "NOT INSTALLED: $program, so every test that needs Kafka is skipped." >&2
        echo "On Debian or Ubuntu: sudo apt-get install -y default-jre-headless maven" >&2
        exit 0
    fi
done

echo "Fetching Apache Kafka $version for the tests …"
mkdir -p "$cache"
new="$(mktemp -d "$cache/new-XXXXXX")"
server=""
cleanup() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
    rm -rf "$new"
}
trap cleanup EXIT
fetch() {
    mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$new/libs" >&2
}
if ! fetch && ! { echo "Once more …" >&2; fetch; }; then
    echo "NOT FETCHED: Apache Kafka, so every test that needs it is skipped." >&2
    exit 0
fi

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
broker_port="$(free_port)"
controller_port="$(free_port)"
cat >"$new/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$broker_port,CONTROLLER://127.0.0.1:$controller_port
controller.listener.names=CONTROLLER
log.dirs=$new/data
END
cd "$new"
# The same flags as in ergate/testing/servers/kafka.py, or the archive is of no use.
flags=(-Xmx384m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC)
java "${flags[@]}" -cp "$new/libs/*" kafka.tools.StorageTool format --cluster-id ergate-tests-AAAAAAAAA \
    --config server.properties >/dev/null 2>&1
cp -r data format
# The archive remembers where its jars lie, so they move to their place first.
rm -rf "$target.part"
mv libs "$new/move"
mkdir -p "$target.part"
mv "$new/move" "$target.part/libs"
mv format "$target.part/format"
mv "$target.part" "$target"
java "${flags[@]}" -XX:ArchiveClassesAtExit="$target/classes.part" -cp "$target/libs/*" \
    kafka.Kafka server.properties >"$new/log" 2>&1 &
server=$!
for _ in $(seq 300); do
    grep -q 'Kafka Server started' "$new/log" && break
    sleep 0.2
done
kill "$server"
wait "$server" || true
server=""
# Without it everything works, and starts more slowly.
[ ! -f "$target/classes.part" ] || mv "$target/classes.part" "$target/classes.jsa"
