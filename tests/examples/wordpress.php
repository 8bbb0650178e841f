<?php
/**
 * Runs examples/wordpress-contact-form-7.php without WordPress: stands in for the few functions and
 * classes it uses, fires the hook as Contact Form 7 does, and leaves with status 1 when the answer
 * was not one of acceptance.
 *
 *     php tests/examples/wordpress.php ADDRESS
 */

if (!isset($argv[1])) {
    fwrite(STDERR, "usage: php wordpress.php ADDRESS\n");
    exit(2);
}
define('ABSPATH', __DIR__);
define('B24_BRIDGE_CHANNEL', $argv[1]);
ini_set('log_errors', '1');
ini_set('error_log', '/dev/stderr');

$actions = [];
$last_status = 0;

function add_action($name, $function, $priority = 10, $arguments = 1)
{
    global $actions;
    $actions[$name][] = [$function, $arguments];
}

class WP_Error
{
    public function __construct(private string $message)
    {
    }

    public function get_error_message()
    {
        return $this->message;
    }
}

function is_wp_error($thing)
{
    return $thing instanceof WP_Error;
}

function wp_json_encode($value)
{
    return json_encode($value);
}

function wp_remote_post($address, $options)
{
    global $last_status;
    $headers = [];
    foreach ($options['headers'] as $name => $value) {
        $headers[] = "$name: $value";
    }
    $request = curl_init($address);
    curl_setopt_array($request, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => $options['body'],
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_TIMEOUT => $options['timeout'],
        CURLOPT_RETURNTRANSFER => true,
    ]);
    $body = curl_exec($request);
    if ($body === false) {
        return new WP_Error(curl_error($request));
    }
    $last_status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    return ['response' => ['code' => $last_status], 'body' => $body];
}

function wp_remote_retrieve_response_code($response)
{
    return $response['response']['code'];
}

function wp_remote_retrieve_body($response)
{
    return $response['body'];
}

class WPCF7_ContactForm
{
    public function title()
    {
        return 'Форма заказа';
    }
}

class WPCF7_Submission
{
    public function get_posted_data()
    {
        return [
            '_wpcf7' => '5',
            'client_name' => 'Мария',
            'client_phone' => '74712773120',
            'order_id' => '6510',
            'order_amount' => '3500',
            'delivery' => ['Самовывоз'],
        ];
    }

    public function get_meta($name)
    {
        return $name === 'url' ? 'https://shop.example.ru/cart/' : null;
    }
}

require __DIR__ . '/../../examples/wordpress-contact-form-7.php';

$abort = false;
foreach ($actions['wpcf7_before_send_mail'] as [$function, $arguments]) {
    $all = [new WPCF7_ContactForm(), &$abort, new WPCF7_Submission()];
    $function(...array_slice($all, 0, $arguments));
}
exit($last_status === 200 || $last_status === 303 ? 0 : 1);
