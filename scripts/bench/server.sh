# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # bench.sh and the files it sources share their variables
# The image server: a download against nginx, requests a second, and a minute of many clients at once.
# Needs $work, $disk, $rounds and serve.

load_seconds=${LOAD_SECONDS:-60}
server_images=2000
nginx_pid=''

# server_payload FOLDER: many manifests, a file of 1 GiB, eight of 200 MB
server_payload() {
    local uuid manifest n=0
    mkdir -p "$1/images"
    head -c 200000000 /dev/urandom > "$disk/200MB"
    while IFS=$'\t' read -r uuid manifest; do
        if ((n == 0)); then
            server_large=$uuid
            head -c $((1 << 30)) /dev/urandom > "$1/images/$uuid.file"
            manifest=${manifest/\"files\":\[\{*\}\],\"description/\"files\":[\{\"sha1\":\"$(sha1sum "$1/images/$uuid.file" | cut -c -40)\",\"size\":$((1 << 30)),\"compression\":\"none\"\}],\"description}
        elif ((n <= 8)); then
            server_files+=("$uuid")
            ln "$disk/200MB" "$1/images/$uuid.file"
            manifest=${manifest/\"files\":\[\{*\}\],\"description/\"files\":[\{\"sha1\":\"$(sha1sum "$disk/200MB" | cut -c -40)\",\"size\":200000000,\"compression\":\"none\"\}],\"description}
        fi
        printf '%s\n' "$manifest" > "$1/images/$uuid.json"
        n=$((n + 1))
    done < <(uuids "$server_images" | manifests)
}

# serve_by_nginx FOLDER [DIRECTIVES]: serves the folder; the directives go into its server; sets $nginx_url
serve_by_nginx() {
    local port=18999
    mkdir -p "$work/nginx"
    cat > "$work/nginx/nginx.conf" <<CONF
worker_processes auto;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
daemon off;
user root;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server { listen 127.0.0.1:$port; root $1; ${2-} }
}
CONF
    nginx -c "$work/nginx/nginx.conf" 2> "$work/nginx/start.log" &
    nginx_pid=$!
    nginx_url=http://127.0.0.1:$port
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        curl -s -o /dev/null "$nginx_url/" && return 0
        sleep 0.1
    done
    cat "$work/nginx/start.log" >&2
    return 1
}

stop_nginx() {
    [[ -n $nginx_pid ]] || return 0
    kill "$nginx_pid" 2> /dev/null || true
    wait "$nginx_pid" 2> /dev/null || true
    nginx_pid=''
}

bench_server() {
    local round settle=0
    for ((round = 0; round < rounds; round++)); do
        measure "server-download" "curl -sf -o /dev/null '$url/images/$server_large/file'"
        measure "server-nginx" "curl -sf -o /dev/null '$nginx_url/images/$server_large.file'"
    done
    stop_nginx
    server_idle=$(awk '/VmRSS/ { print $2 }' "/proc/$server/status")
    wrk -t2 -c64 -d10s "$url/images/$server_large" > "$work/wrk-image"
    wrk -t2 -c64 -d10s "$url/images" > "$work/wrk-list"
    printf 'bench: 64 clients that list and 8 that download, for %d s\n' "$load_seconds" >&2
    wrk -t1 -c64 --timeout 30s -d"${load_seconds}s" "$url/images" > "$work/wrk-load" &
    local listing=$! file end downloads=()
    end=$((SECONDS + load_seconds))
    for file in "${server_files[@]}"; do
        while ((SECONDS < end)); do
            curl -sf -o /dev/null -w '%{size_download}\n' "$url/images/$file/file" || echo failed
        done > "$work/downloads-$file" &
        downloads+=($!)
    done
    wait "$listing" "${downloads[@]}"
    server_peak=$(awk '/VmHWM/ { print $2 }' "/proc/$server/status")
}

wrk_rate() { awk '/Requests\/sec/ { printf "%.0f", $2 }' "$work/$1"; }

report_server() {
    local whole failed bad
    row 'download, 1 GiB' "$(seconds "$(wall server-download)")" "nginx $(seconds "$(wall server-nginx)")" \
        "$(ratio "$(wall server-nginx)" "$(wall server-download)")x" '≥ 0.8x' \
        "$(wall server-nginx) / $(wall server-download) >= 0.8"
    row 'GET /images/UUID, 64 clients' "$(wrk_rate wrk-image)/s" '' '' '' -
    row "GET /images, $server_images images, 64 clients" "$(wrk_rate wrk-list)/s" '' "$(awk '/Transfer\/sec/ { print $2 "/s" }' "$work/wrk-list")" '' -
    whole=$(cat "$work"/downloads-* | grep -c '^200000000$' || true)
    failed=$(cat "$work"/downloads-* | grep -cv '^200000000$' || true)
    bad=$(awk '/Socket errors/ { gsub(",", ""); print $4 + $6 + $8 + $10 } /Non-2xx/ { print $NF }' "$work/wrk-load" | awk '{ n += $1 } END { print n + 0 }')
    row "$load_seconds s of 64 lists and 8 downloads" "$(wrk_rate wrk-load)/s, $whole files" '' \
        "$((failed + bad)) errors" '0' "$((failed + bad)) == 0"
    row 'memory of the server in it' "$(mib "$server_peak")" "idle $(mib "$server_idle")" '' '≤ 256 MiB' \
        "$server_peak <= 262144"
}
