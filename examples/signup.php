<?php
[$app, $mail] = [getenv('APP'), getenv('MAIL')];
$get = fn(string $path) => json_decode(file_get_contents($mail . $path));

$email = bin2hex(random_bytes(8)) . '@run42.test'; // of this test alone
$form = ['method' => 'POST', 'header' => 'Content-Type: application/x-www-form-urlencoded', 'content' => http_build_query(['email' => $email])];
file_get_contents("$app/signup", false, stream_context_create(['http' => $form]));
$link = $get("/emails/latest?wait=30s&recipient=$email")->links[0]->url;
if (!str_contains(file_get_contents($link), 'Welcome')) {
    exit("no welcome at $link\n");
}
echo "welcome\n";
