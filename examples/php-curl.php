<?php
/**
 * Sends an order from PHP to a channel.
 * Отправляет заказ из PHP во входящий канал.
 *
 *     php examples/php-curl.php ADDRESS [array|json]
 *
 * In your own shop copy `b24_send_array` or `b24_send_json` and put the channel's address in.
 * В своём магазине скопируйте одну из двух функций и подставьте адрес канала.
 *
 * Needs the curl extension (Debian: apt-get install php-curl).
 */

/**
 * An array in CURLOPT_POSTFIELDS travels as multipart/form-data: nothing needs to be encoded by hand.
 * Values must be scalars here; for lists and nested data use b24_send_json.
 */
function b24_send_array(string $address, array $fields): array
{
    return b24_request($address, [CURLOPT_POSTFIELDS => $fields]);
}

function b24_send_json(string $address, array $fields): array
{
    return b24_request($address, [
        CURLOPT_POSTFIELDS => json_encode($fields, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR),
        CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
    ]);
}

/** @return array{0: int, 1: string} the HTTP status (0: no answer) and the answer or the reason */
function b24_request(string $address, array $options): array
{
    $request = curl_init($address);
    curl_setopt_array($request, $options + [
        // No CURLOPT_POST: CURLOPT_POSTFIELDS says so already, and setting it afterwards makes curl
        // forget a multipart body.
        CURLOPT_RETURNTRANSFER => true,
        // The visitor waits for this: the bridge answers in milliseconds, or is not there.
        CURLOPT_CONNECTTIMEOUT => 3,
        CURLOPT_TIMEOUT => 10,
    ]);
    $answer = curl_exec($request);
    if ($answer === false) {
        return [0, curl_error($request)];
    }
    return [curl_getinfo($request, CURLINFO_RESPONSE_CODE), $answer];
}

$address = $argv[1] ?? null;
$way = $argv[2] ?? 'both';
if ($address === null || !in_array($way, ['array', 'json', 'both'], true)) {
    fwrite(STDERR, "usage: php php-curl.php ADDRESS [array|json]\n");
    exit(2);
}

$order = [
    'client_phone' => 74712773120,
    'client_name' => 'Мария',
    'order_id' => 6510,
    'order_amount' => 3500,
];

$senders = ['array' => 'b24_send_array', 'json' => 'b24_send_json'];
foreach ($way === 'both' ? $senders : [$way => $senders[$way]] as $name => $send) {
    [$status, $answer] = $send($address, $order);
    echo "$name: $status $answer\n";
    if ($status !== 200 && $status !== 303) {
        exit(1);
    }
}
