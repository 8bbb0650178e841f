<?php
/**
 * Plugin Name: Contact Form 7 to Bitrix24 (b24-bridge)
 * Description: Sends every form that passed Contact Form 7's checks to a channel of b24-bridge.
 *
 * Установка: положите этот файл в wp-content/mu-plugins/ (создайте папку, если её нет) и добавьте
 * в wp-config.php адрес входящего канала:
 *
 *     define('B24_BRIDGE_CHANNEL', 'https://forms.example.ru/in/site-leads');
 *
 * The names in braces of the channel's mappings are the form's own field names:
 * `[text* your-name]` is `{your-name}`, `[tel your-phone]` is `{your-phone}`. The form's title comes
 * as `{form_title}`, the page it was sent from as `{page_url}`.
 */

if (!defined('ABSPATH')) {
    exit;
}

// This action comes after validation and the spam check, and before the letter; it comes also when
// the form sends no letter. The letter goes out whatever happens here, so a request that the bridge
// could not take is still in somebody's mailbox.
add_action('wpcf7_before_send_mail', 'b24_bridge_send_form', 10, 3);

function b24_bridge_send_form($contact_form, &$abort, $submission)
{
    if (!defined('B24_BRIDGE_CHANNEL')) {
        error_log('b24-bridge: B24_BRIDGE_CHANNEL is not defined in wp-config.php, the form was not sent.');
        return;
    }

    $fields = [];
    foreach ($submission->get_posted_data() as $name => $value) {
        // Names that begin with an underscore are Contact Form 7's own (`_wpcf7`, `_wpnonce`).
        if (strpos((string) $name, '_') !== 0) {
            $fields[$name] = $value;
        }
    }
    $fields['form_title'] = $contact_form->title();
    $fields['page_url'] = (string) $submission->get_meta('url');

    $response = wp_remote_post(B24_BRIDGE_CHANNEL, [
        // The visitor waits: the bridge answers in milliseconds, or is not there.
        'timeout' => 5,
        'redirection' => 0,
        'headers' => ['Content-Type' => 'application/json; charset=utf-8'],
        'body' => wp_json_encode($fields),
    ]);

    if (is_wp_error($response)) {
        error_log('b24-bridge: the form was not sent: ' . $response->get_error_message());
        return;
    }
    $status = (int) wp_remote_retrieve_response_code($response);
    if ($status !== 200 && $status !== 303) {
        error_log("b24-bridge: the form was refused with $status: " . wp_remote_retrieve_body($response));
    }
}
