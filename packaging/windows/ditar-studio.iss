; Inno Setup 6: iscc /DVersion=X.Y.Z packaging\windows\ditar-studio.iss
; Installs for one user without administrator's rights, or for all; takes what PyInstaller made.
#ifndef Version
  #error Give the version: /DVersion=X.Y.Z
#endif

[Setup]
AppId={{6B1F8B54-6A0E-4E0B-9C6E-3B7E2B0C9D11}
AppName=DiTAR Studio
AppVersion={#Version}
AppPublisher=The DiTAR Studio maintainers
AppPublisherURL=https://github.com/ditar-studio/ditar-studio
AppSupportURL=https://github.com/ditar-studio/ditar-studio/issues
DefaultDirName={autopf}\DiTAR Studio
DefaultGroupName=DiTAR Studio
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
SetupIconFile=..\..\build\icons\ditar-studio.ico
UninstallDisplayIcon={app}\DiTAR Studio.exe
OutputDir=..\..\dist
OutputBaseFilename=ditar-studio-{#Version}-x64-setup
Compression=lzma2/max
SolidCompression=yes
LZMAUseSeparateProcess=yes
WizardStyle=modern
ChangesAssociations=yes
ChangesEnvironment=yes

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.AddToPath=Add “ditar-studio” to the &path, for the command line
de.AddToPath=„ditar-studio“ in den &Pfad aufnehmen, für die Befehlszeile
en.VoiceFile=Voice of DiTAR Studio
de.VoiceFile=Stimme von DiTAR Studio

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked
Name: "path"; Description: "{cm:AddToPath}"; GroupDescription: "{cm:AdditionalIcons}"

[Files]
Source: "..\..\dist\ditar-studio\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[InstallDelete]
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{group}\DiTAR Studio"; Filename: "{app}\DiTAR Studio.exe"; Parameters: "studio"
Name: "{autodesktop}\DiTAR Studio"; Filename: "{app}\DiTAR Studio.exe"; Parameters: "studio"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\.ditarvoice"; ValueType: string; ValueData: "DiTARStudio.Voice"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\DiTARStudio.Voice"; ValueType: string; ValueData: "{cm:VoiceFile}"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\DiTARStudio.Voice\DefaultIcon"; ValueType: string; ValueData: "{app}\DiTAR Studio.exe,0"
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: NotInPath

[Run]
Filename: "{app}\DiTAR Studio.exe"; Parameters: "studio"; Description: "{cm:LaunchProgram,DiTAR Studio}"; Flags: nowait postinstall skipifsilent

[Code]
function NotInPath: Boolean;
var
  Path: String;
begin
  Result := not RegQueryStringValue(HKCU, 'Environment', 'Path', Path)
    or (Pos(';' + Lowercase(ExpandConstant('{app}')) + ';', ';' + Lowercase(Path) + ';') = 0);
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Path, Ours: String;
begin
  if (Step = usPostUninstall) and RegQueryStringValue(HKCU, 'Environment', 'Path', Path) then
  begin
    Ours := ';' + ExpandConstant('{app}');
    if StringChangeEx(Path, Ours, '', True) > 0 then
      RegWriteExpandStringValue(HKCU, 'Environment', 'Path', Path);
  end;
end;
