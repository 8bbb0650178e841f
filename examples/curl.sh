#!/usr/bin/env bash
# Sends the same order to a channel in each of the four ways a website may choose.
# Отправляет один и тот же заказ во входящий канал всеми четырьмя способами.
#
#   examples/curl.sh ADDRESS [get|form|multipart|json]
#
# ADDRESS is the channel's address, as `b24-bridge channel show shop-orders` prints it.
# Without a second word all four are sent, one after another. The channel of
# channel-shop-orders.json makes one deal of them, because all carry the same order number.

set -euo pipefail

[ $# -ge 1 ] || { echo "usage: $0 ADDRESS [get|form|multipart|json]" >&2; exit 2; }
address=$1
way=${2:-all}

# Prints the answer; leaves with status 1 when it is not one of acceptance.
send() {
    local name=$1 answer status
    shift
    answer=$(curl -sS -m 10 -w '\n%{http_code}' "$@") || { echo "$name: $address cannot be reached" >&2; exit 1; }
    status=${answer##*$'\n'}
    echo "$name: $status ${answer%$'\n'*}"
    case $status in
    200 | 303) ;;
    *) exit 1 ;;
    esac
}

get() {
    send GET --get "$address" \
        --data-urlencode 'client_phone=74712773120' \
        --data-urlencode 'client_name=Мария' \
        --data-urlencode 'order_id=6510' \
        --data-urlencode 'order_amount=3500'
}

form() {
    send 'POST, form fields' "$address" \
        --data-urlencode 'client_phone=74712773120' \
        --data-urlencode 'client_name=Мария' \
        --data-urlencode 'order_id=6510' \
        --data-urlencode 'order_amount=3500'
}

multipart() {
    send 'POST, multipart' "$address" \
        --form-string 'client_phone=74712773120' \
        --form-string 'client_name=Мария' \
        --form-string 'order_id=6510' \
        --form-string 'order_amount=3500'
}

json() {
    send 'POST, JSON' "$address" \
        --header 'Content-Type: application/json' \
        --data '{"client_phone": 74712773120, "client_name": "Мария", "order_id": 6510, "order_amount": 3500}'
}

case $way in
get | form | multipart | json) "$way" ;;
all)
    get
    form
    multipart
    json
    ;;
*)
    echo "usage: $0 ADDRESS [get|form|multipart|json]" >&2
    exit 2
    ;;
esac
