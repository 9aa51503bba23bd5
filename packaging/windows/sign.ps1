# Sign programs: sign.ps1 FILE... with the certificate of $env:CERTIFICATE (PFX in base64) and
# $env:PASSWORD. Without a certificate nothing is done: an unsigned build works, with a warning.
param([Parameter(Mandatory, ValueFromRemainingArguments)] [string[]] $Files)
$ErrorActionPreference = "Stop"

if (-not $env:CERTIFICATE) {
    Write-Output "There is no certificate: left unsigned."
    exit 0
}
$pfx = Join-Path $env:RUNNER_TEMP "certificate.pfx"
try {
    [IO.File]::WriteAllBytes($pfx, [Convert]::FromBase64String($env:CERTIFICATE))
    $kits = "${env:ProgramFiles(x86)}\Windows Kits\10\bin\10.*\x64\signtool.exe"
    $signtool = Get-ChildItem $kits | Sort-Object FullName | Select-Object -Last 1
    foreach ($file in Get-ChildItem $Files) {
        & $signtool sign /f $pfx /p $env:PASSWORD /fd SHA256 /td SHA256 `
            /tr http://timestamp.digicert.com $file.FullName
        if ($LASTEXITCODE) { throw "signtool failed for $file" }
    }
} finally {
    Remove-Item -Force -ErrorAction Ignore $pfx
}
